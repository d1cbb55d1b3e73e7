"""What the tests of several suites begin with, and how they let time pass."""

from __future__ import annotations

import asyncio

from port.tides import Gauges, Tides


async def turns(number: int = 6) -> None:
    """Lets the loop turn as often."""
    for _ in range(number):
        await asyncio.sleep(0)


def without(station: str, **levels: float) -> Tides:
    """Tides that get no answer from a station."""
    gauges = Gauges(**levels)
    gauges.down.add(station)
    return Tides(gauges.read)
