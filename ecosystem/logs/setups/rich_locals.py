"""rich draws narrow boxes with the local variables."""

# /// script
# dependencies = ["rich"]
#
# [tool.heard]
# time = "part"
# environment = {COLUMNS = "100"}
# ///

import asyncio
import logging

import shop
from rich.logging import RichHandler

logging.basicConfig(
    level="INFO",
    format="%(message)s",
    datefmt="[%X]",
    handlers=[RichHandler(rich_tracebacks=True, tracebacks_show_locals=True)],
)
asyncio.run(shop.lose())
