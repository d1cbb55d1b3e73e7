"""rich draws tracebacks as boxes."""

# /// script
# dependencies = ["rich"]
#
# [tool.heard]
# time = "part"
# environment = {COLUMNS = "160"}
# ///

import asyncio
import logging

import shop
from rich.logging import RichHandler

logging.basicConfig(level="INFO", format="%(message)s", datefmt="[%X]", handlers=[RichHandler(rich_tracebacks=True)])
asyncio.run(shop.lose())
