"""In debug mode with bare output, a warning shows how the program came to the coroutine."""

# /// script
# [tool.heard]
# time = "none"
# environment = {PYTHONASYNCIODEBUG = "1"}
# ///

import asyncio

import shop

asyncio.run(shop.lose())
