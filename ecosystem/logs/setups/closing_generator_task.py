"""A task of a call that has no name."""

# /// script
# [tool.heard]
# losses = [{kind = "task-failed", coroutine = "<async_generator_athrow without __name__>", exception = "RuntimeError", raised = "rows"}]
# ///

import asyncio
import gc
import logging


async def rows():
    try:
        yield 1
    finally:
        raise RuntimeError("cursor is gone")  # raised: rows


async def main():
    generator = rows()
    await anext(generator)
    task = asyncio.create_task(generator.aclose())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()


logging.basicConfig(format="[%(asctime)s][%(levelname)s][%(name)s.%(funcName)s:%(lineno)d] %(message)s")
asyncio.run(main())
