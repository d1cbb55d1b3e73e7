"""Console and file get the same records in two layouts; the file is read."""

# /// script
# [tool.heard]
# reads = ["shop.log"]
# without = ["coroutine-never-awaited"]
# ///

import asyncio
import logging

import shop

console = logging.StreamHandler()
file = logging.FileHandler("shop.log")
file.setFormatter(logging.Formatter("%(asctime)s|%(levelname)s|%(name)s|%(message)s"))
logging.basicConfig(level="INFO", handlers=[console, file])
asyncio.run(shop.lose())
