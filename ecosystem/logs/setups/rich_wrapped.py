"""rich wraps lines at blanks to fit into the width of the console."""

# /// script
# dependencies = ["rich"]
#
# [tool.heard]
# time = "part"
# environment = {COLUMNS = "80"}
# ///

import asyncio
import logging

import shop
from rich.logging import RichHandler

logging.basicConfig(level="INFO", format="%(message)s", datefmt="[%X]", handlers=[RichHandler()])
asyncio.run(shop.lose())
