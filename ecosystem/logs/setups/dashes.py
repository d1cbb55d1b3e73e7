"""Fields that are parted by dashes."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
