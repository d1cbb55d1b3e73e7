"""A date as in mails, with its zone."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s", datefmt="%a, %d %b %Y %H:%M:%S %z")
asyncio.run(shop.lose())
