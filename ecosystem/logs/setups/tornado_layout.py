"""Tornado's own layout."""

# /// script
# dependencies = ["tornado"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
from tornado.log import enable_pretty_logging

logging.getLogger().setLevel("INFO")
enable_pretty_logging()
asyncio.run(shop.lose())
