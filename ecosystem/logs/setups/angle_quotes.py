"""The time in words with the name of the zone, then brackets, and an angle quote before the text."""

# /// script
# [tool.heard]
# pythons = "3.12"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="{asctime} <{levelname}> [{threadName}/{taskName}] {name} » {message}",
    style="{",
    datefmt="%A, %d %B %Y %H:%M:%S %Z",
)
asyncio.run(shop.lose())
