"""The time as C writes it."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s | %(levelname)s | %(message)s", datefmt="%c")
asyncio.run(shop.lose())
