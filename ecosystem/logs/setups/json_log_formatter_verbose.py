"""json-log-formatter, verbose."""

# /// script
# dependencies = ["json-log-formatter"]
#
# [tool.heard]
# ///

import asyncio
import logging

import json_log_formatter
import shop

handler = logging.StreamHandler()
handler.setFormatter(json_log_formatter.VerboseJSONFormatter())
logging.basicConfig(level="INFO", handlers=[handler])
asyncio.run(shop.lose())
