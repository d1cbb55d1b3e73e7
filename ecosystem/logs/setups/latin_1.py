"""A console that is not UTF-8."""

# /// script
# [tool.heard]
# environment = {PYTHONIOENCODING = "latin-1"}
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="%(asctime)s Störung %(levelname)s %(name)s: %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
