"""A date without separators."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO", format="%(asctime)s;%(levelname)s;%(process)d;%(name)s;%(message)s", datefmt="%Y%m%dT%H%M%S%z"
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
