"""A bar of tqdm on the same stream."""

# /// script
# dependencies = ["tqdm"]
#
# [tool.heard]
# time = "none"
# ///

import asyncio

import shop
import tqdm


async def bar():
    with tqdm.tqdm(total=100000, mininterval=0, miniters=1, ascii=False) as shown:
        while True:
            shown.update(7)
            await asyncio.sleep(0)


async def main():
    busy = asyncio.create_task(bar())
    await shop.lose()
    busy.cancel()
    await asyncio.wait([busy])


asyncio.run(main())
