"""A year of two digits, as a supervisor of add-ons writes it."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="%(asctime)s %(levelname)s (%(threadName)s) [%(name)s] %(message)s",
    datefmt="%y-%m-%d %H:%M:%S",
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
