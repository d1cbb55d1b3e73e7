#!/usr/bin/env python3
"""Ten million tasks, of which one in a thousand fails: memory stays flat and the counts are exact.

    python soak.py [TASKS]
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time

import heard

ONE_IN = 1000
AT_ONCE = 1000


async def work(number: int) -> None:
    if number % 3 == 0:
        await asyncio.sleep(0)
    if number % ONE_IN == 0:
        raise ValueError(number)


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


async def main(count: int) -> None:
    began, first = time.monotonic(), 0
    for start in range(0, count, AT_ONCE):
        for number in range(start, min(start + AT_ONCE, count)):
            asyncio.create_task(work(number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done = start + AT_ONCE
        if done % (count // 10) == 0:
            gc.collect()
            first = first or resident()
            grown = (resident() - first) / 2**20
            print(f"{done:>10} tasks, {time.monotonic() - began:6.0f} s, {heard.stats().lost} lost, {grown:+.1f} MB", flush=True)
            assert grown < 8, "memory grows"
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    heard.install(report=lambda _: None)
    asyncio.run(main(tasks))
    assert heard.stats() == heard.Stats(lost=-(-tasks // ONE_IN)), heard.stats()
    print("the counts are exact")
