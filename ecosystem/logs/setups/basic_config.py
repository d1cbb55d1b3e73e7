"""`basicConfig()` as it is: level, logger and text."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO")
asyncio.run(shop.lose())
