"""Weekday and month in full."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s [%(levelname)s] %(message)s", datefmt="%A, %d. %B %Y %H:%M:%S")
asyncio.run(shop.lose())
