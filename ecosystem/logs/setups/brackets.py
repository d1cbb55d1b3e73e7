"""Everything in brackets, with the function that logs."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="[%(asctime)s][%(levelname)s][%(name)s.%(funcName)s:%(lineno)d] %(message)s",
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
