"""tornado's loop tells of a callback that fails."""

# /// script
# dependencies = ["tornado"]
#
# [tool.heard]
# losses = [
#     {kind = "callback-raised", coroutine = "ring", exception = "LookupError", raised = "ring"},
#     {kind = "callback-raised", coroutine = "fetch", exception = "KeyError", raised = "fetch"},
# ]
# ///

import asyncio
import functools
import logging

import tornado.ioloop


def ring(times):
    raise LookupError(times)  # raised: ring


async def fetch():
    raise KeyError("page")  # raised: fetch


async def main():
    loop = tornado.ioloop.IOLoop.current()
    loop.add_callback(functools.partial(ring, 3))
    loop.add_callback(fetch)
    for _ in range(12):
        await asyncio.sleep(0)


logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(main())
