"""The level first, then a month by its name, in padded columns."""

# /// script
# [tool.heard]
# time = "part"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="%(levelname)-8s %(asctime)s %(name)-20s %(message)s",
    datefmt="%b %d  %H:%M:%S",
)
asyncio.run(shop.lose())
