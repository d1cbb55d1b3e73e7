"""The name of the task in each line, which Python 3.12 and newer know."""

# /// script
# [tool.heard]
# pythons = "3.12"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s [%(taskName)s] %(levelname)s %(name)s: %(message)s")
asyncio.run(shop.lose())
