"""The layout of a worker of a queue: time, level and process in brackets."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging
import multiprocessing

import shop

multiprocessing.current_process().name = "ForkPoolWorker-1"
logging.basicConfig(level="INFO", format="[%(asctime)s: %(levelname)s/%(processName)s] %(message)s")
logging.captureWarnings(True)
asyncio.run(shop.lose())
