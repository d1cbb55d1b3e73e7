"""Month first, and a clock of twelve hours."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="%(levelname)s\t%(asctime)s\t%(name)s\t%(message)s",
    datefmt="%m/%d/%Y %I:%M:%S %p",
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
