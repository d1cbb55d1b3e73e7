"""Water levels: a cache whose old entries are fetched anew behind the caller's back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from port.errors import FeedDown

Fetch = Callable[[str], Awaitable[float]]


class Gauges:
    """A feed of levels; stations that are down do not answer."""

    def __init__(self, **levels: float) -> None:
        self.levels = levels
        self.down: set[str] = set()
        self.asked: list[str] = []

    async def read(self, station: str) -> float:
        await asyncio.sleep(0)
        self.asked.append(station)
        if station in self.down:
            raise FeedDown(f"{station} does not answer")
        return self.levels[station]


class Tides:
    """Levels by station, none older than `max_age` seconds if that can be helped."""

    def __init__(self, fetch: Fetch, max_age: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        self.refreshing: set[asyncio.Task[float]] = set()
        self.errors: list[BaseException] = []

    async def level(self, station: str) -> float:
        """What is old is served at once, while the new level is fetched."""
        if station not in self._levels:
            return await self.refresh(station)
        since, level = self._levels[station]
        if self._clock() - since > self._max_age:
            asyncio.create_task(self.refresh(station))
        return level

    async def refresh(self, station: str) -> float:
        level = await self._fetch(station)
        self._levels[station] = self._clock(), level
        return level

    def warm(self, *stations: str) -> None:
        """Fetches in the background; who wants to know calls `settled`."""
        for station in stations:
            task = asyncio.create_task(self.refresh(station))
            self.refreshing.add(task)
            task.add_done_callback(self.refreshing.discard)

    def warm_watched(self, *stations: str) -> None:
        """The same, and failures are noted in `errors`."""
        for station in stations:
            asyncio.create_task(self.refresh(station)).add_done_callback(self._note)

    def _note(self, task: asyncio.Task[float]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(error)

    async def settled(self) -> None:
        await asyncio.gather(*self.refreshing)

    async def warm_all(self, *stations: str) -> None:
        """All that answer; the others stay cold."""
        await asyncio.gather(*map(self.refresh, stations), return_exceptions=True)

    async def lowest(self, *stations: str) -> float:
        """The lowest of all levels. The first failure is raised."""
        return min(await asyncio.gather(*map(self.refresh, stations)))

    def expire(self) -> None:
        self.refresh("all")

    async def watch(self, station: str, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Keeps a level fresh until it is cancelled, and ends with the feed."""
        while True:
            await self.refresh(station)
            await pause(self._max_age)

    async def watch_stubbornly(self, station: str, stop: asyncio.Event) -> None:
        """Ends with `stop`. A cancellation is taken for one more failure, until there is a second one."""
        told = 0
        while not stop.is_set():
            try:
                await self.refresh(station)
                await stop.wait()
            except (FeedDown, asyncio.CancelledError):
                told += 1
                if told > 1:
                    raise

    async def readings(self, station: str):
        """A level again and again."""
        try:
            while True:
                yield await self.refresh(station)
        finally:
            await self._fetch(station)
