"""With `tracemalloc` on, a warning shows where the coroutine was made."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import tracemalloc

import shop

tracemalloc.start(8)
asyncio.run(shop.lose())
