"""Records are kept, and written when something is wrong."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging
import logging.handlers

import shop

writer = logging.StreamHandler()
writer.setFormatter(logging.Formatter("%(asctime)s [%(levelname)-8s] %(name)s - %(message)s"))
keeper = logging.handlers.MemoryHandler(20, logging.ERROR, writer)
logging.getLogger().addHandler(keeper)
logging.getLogger().setLevel("INFO")
logging.captureWarnings(True)
asyncio.run(shop.lose())
