"""Loops in four threads, one after the other, log through the same handler."""

# /// script
# [tool.heard]
# processes = 4
# warnings = "logged"
# ///

import asyncio
import logging
import threading
import warnings

import shop

warnings.simplefilter("always", RuntimeWarning)
logging.basicConfig(level="INFO", format="%(asctime)s %(threadName)-10s %(levelname)s %(name)s: %(message)s")
logging.captureWarnings(True)
workers = [threading.Thread(target=asyncio.run, args=(shop.lose(),), name=f"loop-{at}") for at in range(4)]
for worker in workers:
    worker.start()
    worker.join()
