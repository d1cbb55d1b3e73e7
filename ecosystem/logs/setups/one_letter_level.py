"""One letter for the level, and process and module behind the time."""

# /// script
# [tool.heard]
# time = "part"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="%(levelname).1s %(asctime)s %(process)d %(module)s:%(lineno)d] %(message)s",
    datefmt="%m-%d %H:%M:%S",
)
asyncio.run(shop.lose())
