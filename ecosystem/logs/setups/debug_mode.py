"""The loop in debug mode: where tasks were made, and what was slow."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(shop.lose(), debug=True)
