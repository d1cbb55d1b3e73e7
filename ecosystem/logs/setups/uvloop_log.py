"""Another event loop, whose frames are Cython's."""

# /// script
# dependencies = ["uvloop"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
import uvloop

logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(shop.lose())
