"""The program is in the middle of a line when asyncio speaks."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import sys

import shop


async def dots():
    while True:
        sys.stderr.write("working... ")
        await asyncio.sleep(0)


async def main():
    busy = asyncio.create_task(dots())
    await shop.lose()
    busy.cancel()


asyncio.run(main())
