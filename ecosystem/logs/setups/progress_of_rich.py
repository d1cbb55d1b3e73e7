"""A bar of rich, with rich's handler of logging, on one console."""

# /// script
# dependencies = ["rich"]
#
# [tool.heard]
# time = "part"
# ///

import asyncio
import logging

import shop
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import Progress

console = Console(force_terminal=True, width=160, stderr=True)
logging.basicConfig(
    level="INFO", format="%(message)s", datefmt="[%Y-%m-%d %H:%M:%S]", handlers=[RichHandler(console=console)]
)


async def main():
    with Progress(console=console, refresh_per_second=30) as progress:
        bar = progress.add_task("orders", total=100)
        progress.update(bar, advance=3)
        await shop.lose()


asyncio.run(main())
