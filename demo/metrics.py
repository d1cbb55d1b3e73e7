"""Counters, and their way to the collector."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter

from .town import Town

log = logging.getLogger(__name__)

PAUSE = 0.2


class Metrics:
    """Plain counters by name. Counting is safe from any thread."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self._counts[name] += by

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]

    def snapshot(self) -> dict[str, int]:
        """A copy that nobody changes any more."""
        with self._lock:
            return dict(self._counts)

    async def report(self) -> None:
        """Push the counters to the collector, for as long as the house is open.

        Numbers are a nicety. They must never get in the way of dinner.
        """
        try:
            while True:
                await self._town.collect(self.snapshot())
                self.count("metrics.pushed")
                await asyncio.sleep(PAUSE)
        except Exception:
            log.debug("the collector is not available")
