"""Warnings are raised, where nobody can catch them."""

# /// script
# [tool.heard]
# time = "none"
# without = ["coroutine-never-awaited"]
# also = [{kind = "coroutine-never-awaited", coroutine = "Shelf.count"}]
# ///

import asyncio
import warnings

import shop

warnings.simplefilter("error", RuntimeWarning)
asyncio.run(shop.lose())
