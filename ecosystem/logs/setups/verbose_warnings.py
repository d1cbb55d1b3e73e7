"""A program shows warnings its own way."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging
import warnings

import shop


def show(message, category, filename, lineno, file=None, line=None):
    logging.warning("%s:%s: %s: %s", filename, lineno, category.__name__, message)


warnings.showwarning = show
logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s")
asyncio.run(shop.lose())
