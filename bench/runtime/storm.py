#!/usr/bin/env python3
"""The longest stall of a loop in which a hundred thousand tasks fail within a second, with and without the monitor."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import heard

FAILURES = 100_000


async def fail() -> None:
    raise ValueError("one of many")


async def storm() -> tuple[float, float]:
    stalls: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            stalls.append(time.perf_counter() - began - 0.001)

    heart = asyncio.create_task(beat())
    began = time.perf_counter()
    for _ in range(100):
        for _ in range(FAILURES // 100):
            asyncio.create_task(fail())
        await asyncio.sleep(0.01)
    took = time.perf_counter() - began
    heart.cancel()
    return took, max(stalls)


def main() -> None:
    stderr = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for name in ("plain", "heard"):
        if name == "heard":
            heard.install()
        took, stall = asyncio.run(storm())
        print(f"Python {sys.version.split()[0]} {name:6} {FAILURES} failures in {took:.2f} s, longest stall {stall * 1000:.0f} ms", flush=True)
    stats = heard.stats()
    heard.uninstall()
    os.dup2(stderr, 2)
    assert stats.lost == FAILURES, stats


if __name__ == "__main__":
    main()
