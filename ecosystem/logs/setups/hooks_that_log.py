"""Hooks log what threads and destructors raise, and what would be printed."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging
import sys
import threading

import shop

log = logging.getLogger("hooks")
threading.excepthook = lambda args: log.error("thread %s", args.thread.name, exc_info=args[:3])
sys.unraisablehook = lambda one: log.error("%s: %r", one.err_msg or "ignored in", one.object, exc_info=one.exc_value)
sys.excepthook = lambda *info: log.critical("crashed", exc_info=info)


class Bin:
    def __del__(self):
        raise ValueError("cannot close")


async def main():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    Bin()
    await shop.lose()
    raise RuntimeError("the end")


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logging.captureWarnings(True)
asyncio.run(main())
