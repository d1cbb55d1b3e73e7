"""In debug mode, what holds the loop up is told, with how long it took."""

# /// script
# [tool.heard]
# losses = [
#     {kind = "slow-callback", coroutine = "weigh", count = 2},
#     {kind = "slow-callback", coroutine = "count"},
# ]
# ///

import asyncio
import logging
import time


def weigh(seconds):
    time.sleep(seconds)


async def count():
    time.sleep(0.05)
    await asyncio.sleep(0)


async def main():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 0.04
    for seconds in (0.05, 0.06):
        loop.call_soon(weigh, seconds)
    await asyncio.create_task(count())
    loop.slow_callback_duration = 60


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(message)s")
asyncio.run(main(), debug=True)
