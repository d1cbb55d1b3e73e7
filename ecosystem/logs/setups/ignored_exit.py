"""A coroutine that does not end when it is told to: what the interpreter says of it is no failure of asyncio."""

# /// script
# [tool.heard]
# time = "none"
# losses = [{kind = "task-destroyed", coroutine = "stay"}]
# ///

import asyncio
import gc


async def stay(never):
    while True:
        try:
            await never
        except GeneratorExit:
            await asyncio.sleep(0)


async def main():
    task = asyncio.create_task(stay(asyncio.Future()))
    await asyncio.sleep(0)
    del task
    gc.collect()


asyncio.run(main())
