"""Milliseconds since the start, which are no time."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(relativeCreated)d ms %(levelname)s %(name)s %(message)s")
asyncio.run(shop.lose())
