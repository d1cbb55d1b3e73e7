"""A time, a level and a logger before the first line of each record; warnings are logged too."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
