"""The program ends with a traceback of its own, and logs handled failures."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging
import threading

import shop

log = logging.getLogger("shop")


def work():
    raise OSError("a thread failed")


class Bin:
    def __del__(self):
        raise ValueError("cannot close")


async def main():
    try:
        raise KeyError("handled")
    except KeyError:
        log.exception("order failed, but somebody knows")
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    Bin()
    await shop.lose()
    raise RuntimeError("the end")


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(main())
