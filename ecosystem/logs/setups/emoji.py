"""A picture for the level."""

# /// script
# [tool.heard]
# environment = {PYTHONIOENCODING = "utf-8"}
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="🔥 %(asctime)s %(levelname).1s %(message)s")
asyncio.run(shop.lose())
