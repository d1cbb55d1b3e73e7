#!/usr/bin/env python3
"""The longest stall of a loop when a task that somebody holds fails, beside a heap of two million objects.

    python stall.py [OBJECTS]

The task is held directly, through eight lists, and by a variable of a coroutine of 1,500 lines. The ratio is to the
longest stall without the monitor, in the same process.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import typing

import heard


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("held")


async def longest(work: typing.Coroutine[object, object, None]) -> float:
    """Seconds of CPU that passed between two turns of the loop, at most."""
    worst = 0.0
    task = asyncio.create_task(work)
    while not task.done():
        began = time.thread_time()
        waited = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, min(time.perf_counter() - waited - 0.001, time.thread_time() - began + 1))
    await task
    return worst


async def direct() -> None:
    held = asyncio.create_task(fail())
    await asyncio.sleep(2.5)
    held.exception()


async def deep() -> None:
    held: typing.Any = asyncio.create_task(fail())
    for _ in range(8):
        held = [held]
    await asyncio.sleep(2.5)
    for _ in range(8):
        held = held[0]
    held.exception()


LINES = "\n".join(f"        a{i % 50} = {i}; b = a{i % 50} + 1" for i in range(1500))
SOURCE = f"""
async def long():
    try:
        task = asyncio.create_task(fail())
        await asyncio.sleep(2.5)
        task.exception()
{LINES}
    finally:
        b = 1
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    heap = [[number] for number in range(count)]
    # A full collection takes longer than all that is measured here.
    gc.collect()
    gc.disable()
    names: dict[str, typing.Any] = globals()
    exec(SOURCE, names)
    for work in (direct, deep, names["long"]):
        plain = asyncio.run(longest(work()))
        heard.install(report=lambda _: None)
        monitored = asyncio.run(longest(work()))
        heard.uninstall()
        print(f"{work.__name__:7} longest stall {plain * 1000:.0f} ms, with heard {monitored * 1000:.0f} ms", flush=True)
    assert len(heap) == count


if __name__ == "__main__":
    main()
