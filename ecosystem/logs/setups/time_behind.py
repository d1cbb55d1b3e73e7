"""The text first, the time behind it in brackets."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(levelname)s %(message)s (%(asctime)s, %(name)s)")
asyncio.run(shop.lose())
