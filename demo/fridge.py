"""The fridge: a sensor with a blocking driver, so it is read in a thread."""

from __future__ import annotations

import asyncio
import logging
import threading

from .metrics import Metrics
from .town import Town

log = logging.getLogger(__name__)

READINGS = ("4.1", "4.3", "--.-", "8.9", "--.-", "9.2")
PAUSE = 0.1
TOO_WARM = 7.0


class Fridge:
    """Brings the readings of the sensor into the event loop."""

    def __init__(self, town: Town, metrics: Metrics) -> None:
        self.history: list[float] = []
        self._town = town
        self._metrics = metrics
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fridge", daemon=True)

    def start(self) -> None:
        """Start to read. Call it from the event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Stop to read, and wait for the thread without blocking the loop."""
        self._closing.set()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _watch(self) -> None:
        for reading in READINGS:
            if self._closing.wait(PAUSE):
                break
            self._metrics.count("fridge.readings")
            asyncio.run_coroutine_threadsafe(self._note(reading), self._loop)

    async def _note(self, reading: str) -> None:
        degrees = float(reading)
        self.history.append(degrees)
        self._metrics.count("fridge.noted")
        if degrees > TOO_WARM:
            self._raise_alarm(degrees)

    def _raise_alarm(self, degrees: float) -> None:
        """Somebody has to look at it tonight."""
        self._metrics.count("alarms.raised")
        asyncio.ensure_future(self._call(degrees))

    async def _call(self, degrees: float) -> None:
        await self._town.call_technician(degrees)
        self._metrics.count("alarms.answered")
