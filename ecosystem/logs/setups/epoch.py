"""Seconds since 1970."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(created).6f %(levelname)s %(message)s")
asyncio.run(shop.lose())
