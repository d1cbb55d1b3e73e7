"""Flask's layout, which names the module; in debug mode, with the places of allocations in what is warned of."""

# /// script
# [tool.heard]
# warnings = "logged"
# environment = {PYTHONTRACEMALLOC = "20", PYTHONASYNCIODEBUG = "1"}
# ///

import asyncio
import logging

import shop

logging.basicConfig(level="INFO", format="[%(asctime)s] %(levelname)s in %(module)s: %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
