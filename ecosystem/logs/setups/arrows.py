"""Signs that no keyboard has between the fields."""

# /// script
# [tool.heard]
# environment = {PYTHONIOENCODING = "utf-8"}
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s » %(levelname)s » %(name)s » %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
