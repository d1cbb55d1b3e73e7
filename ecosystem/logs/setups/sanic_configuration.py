"""The loggers of Sanic, with colours."""

# /// script
# dependencies = ["sanic"]
#
# [tool.heard]
# ///

import asyncio
import logging.config

import shop
from sanic.log import LOGGING_CONFIG_DEFAULTS

LOGGING_CONFIG_DEFAULTS["root"] = {"level": "INFO", "handlers": ["console"]}
logging.config.dictConfig(LOGGING_CONFIG_DEFAULTS)
asyncio.run(shop.lose())
