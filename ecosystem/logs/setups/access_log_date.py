"""A date as web servers write it."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="[%(asctime)s] {%(pathname)s:%(lineno)d} %(levelname)s - %(message)s",
    datefmt="%d/%b/%Y:%H:%M:%S %z",
)
asyncio.run(shop.lose())
