"""Cranes that take loads from a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from port.errors import BerthTaken

Lift = Callable[[str], Awaitable[None]]


async def careful(load: str) -> None:
    """Lifts what is not marked as damaged."""
    await asyncio.sleep(0)
    if load.startswith("broken"):
        raise BerthTaken(f"{load} blocks the berth")


class Yard:
    """Some cranes, and the queue before them."""

    def __init__(self, lift: Lift = careful, cranes: int = 2) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self.lifted: list[str] = []
        self._lift = lift
        self._number = cranes
        self.cranes: list[asyncio.Task[None]] = []
        self.drops: list[BaseException] = []

    def open(self) -> None:
        self.cranes = [asyncio.create_task(self.work(), name=f"crane-{n}") for n in range(self._number)]

    async def work(self) -> None:
        """A crane that a bad load breaks."""
        while True:
            load = await self.queue.get()
            try:
                await self._lift(load)
                self.lifted.append(load)
            finally:
                self.queue.task_done()

    async def lift_all(self, *loads: str) -> None:
        for load in loads:
            self.queue.put_nowait(load)
        await self.queue.join()

    async def close(self) -> None:
        """Sends the cranes home; what has broken one is not asked."""
        for crane in self.cranes:
            crane.cancel()
        await asyncio.wait(self.cranes)

    async def close_and_ask(self) -> None:
        """Sends the cranes home, and raises what has broken one."""
        for crane in self.cranes:
            crane.cancel()
        for outcome in await asyncio.gather(*self.cranes, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def lift_in_group(self, *loads: str) -> None:
        """All at once, or none: a group."""
        async with asyncio.TaskGroup() as group:
            for load in loads:
                group.create_task(self._lift(load))

    def lift_later(self, load: str, delay: float) -> asyncio.TimerHandle:
        """A timer that has no time for failures."""
        return asyncio.get_running_loop().call_later(delay, self._note, load)

    def _note(self, load: str) -> None:
        if load.startswith("broken"):
            raise BerthTaken(load)
        self.lifted.append(load)
