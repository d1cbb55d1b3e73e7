"""Process and thread by number, as in web frameworks."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop

logging.basicConfig(
    level="INFO",
    format="{levelname} {asctime} {module} {process:d} {thread:d} {message}",
    style="{",
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
