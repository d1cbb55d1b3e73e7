"""Records go through a queue to a thread that writes them."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging
import logging.handlers
import queue

import shop

records = queue.Queue()
writer = logging.StreamHandler()
writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s (%(threadName)s) [%(name)s] %(message)s"))
listener = logging.handlers.QueueListener(records, writer)
listener.start()
logging.getLogger().addHandler(logging.handlers.QueueHandler(records))
logging.getLogger().setLevel("INFO")
logging.captureWarnings(True)
asyncio.run(shop.lose())
listener.stop()
