"""Groups in groups, with notes of several lines, and causes."""

# /// script
# [tool.heard]
# losses = [
#     {kind = "task-failed", coroutine = "outer", exception = "ExceptionGroup", raised = "outer"},
#     {kind = "task-failed", coroutine = "noted", exception = "ValueError", raised = "noted"},
# ]
# ///

import asyncio
import gc
import logging


async def one():
    error = KeyError("one")
    error.add_note("first note\nTraceback (most recent call last):\n  it is none")
    raise error


async def two():
    try:
        raise OSError("disk")
    except OSError as error:
        late = RuntimeError("two\nlines")
        late.add_note("ERROR note")
        raise late from error


async def inner():
    async with asyncio.TaskGroup() as group:
        group.create_task(one())
        group.create_task(two())


async def outer():
    async with asyncio.TaskGroup() as group:  # raised: outer
        group.create_task(inner())


async def noted():
    error = ValueError("noted")
    error.add_note("a: note\n  b")
    raise error  # raised: noted


async def main():
    for work in (outer, noted):
        task = asyncio.create_task(work())
        await asyncio.wait([task])
        del task
        gc.collect()


logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(main())
