"""Day first, with dots."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO", format="<%(levelname)s> %(asctime)s [%(name)s] %(message)s", datefmt="%d.%m.%Y %H:%M:%S"
)
asyncio.run(shop.lose())
