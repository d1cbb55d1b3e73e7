"""An exception handler of the loop tells a logger of its own, through a queue; it shows no repr of a task."""

# /// script
# [tool.heard]
# warnings = "logged"
# names = false
# rounds = 2
# ///

import asyncio
import logging
import logging.handlers
import queue

import shop


class AsItIs(logging.handlers.QueueHandler):
    def prepare(self, record):
        return record


def told(loop, context):
    failed = {}
    if error := context.get("exception"):
        failed["exc_info"] = (type(error), error, error.__traceback__)
    log = logging.getLogger("homeassistant.core")
    log.error("Error doing job: %s (%s)", context["message"], None, **failed)


async def main():
    asyncio.get_running_loop().set_exception_handler(told)
    await shop.lose(rounds=2)


records = queue.SimpleQueue()
writer = logging.StreamHandler()
layout = "%(asctime)s.%(msecs)03d %(levelname)s (%(threadName)s) [%(name)s] %(message)s"
writer.setFormatter(logging.Formatter(f"\x1b[31m{layout}\x1b[0m", datefmt="%Y-%m-%d %H:%M:%S"))
listener = logging.handlers.QueueListener(records, writer)
listener.start()
logging.getLogger().addHandler(AsItIs(records))
logging.getLogger().setLevel("INFO")
logging.captureWarnings(True)
asyncio.run(main())
listener.stop()
