"""A clock without a date, and the place of the call of the logger, which is asyncio's own."""

# /// script
# [tool.heard]
# time = "part"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="%(asctime)s.%(msecs)03d %(filename)s:%(lineno)d %(levelname)s %(message)s",
    datefmt="%H:%M:%S",
)
asyncio.run(shop.lose())
