"""Lets so many in at a time, and so many a second, in the order in which they come."""

from __future__ import annotations

import asyncio
import collections
import math

#: Seconds. The clock of a loop is this late at times; whoever waits for it is not slowed down further.
_LATE = 0.01


class Pace:
    """So many a second, evenly spread."""

    def __init__(self, rate: float) -> None:
        self.interval = 1 / rate
        self.due = -math.inf

    def wait(self, now: float) -> float:
        """How many seconds are left until the next may start."""
        return max(0.0, self.due - now)

    def start(self, now: float) -> None:
        """One starts."""
        self.due = max(self.due, now - _LATE) + self.interval


class Gate:
    """At most `limit` are in, and `rate` enter in a second; `None` is no bound."""

    def __init__(self, limit: int | None, rate: float | None) -> None:
        self.free: float = math.inf if limit is None else limit
        self.pace = None if rate is None else Pace(rate)
        self.waiting: collections.deque[asyncio.Future[None]] = collections.deque()
        self.timer: asyncio.TimerHandle | None = None

    def try_enter(self) -> bool:
        """Enters if that is possible at once."""
        if self.waiting or self.free < 1:
            return False
        if self.pace is not None:
            now = asyncio.get_running_loop().time()
            if self.pace.wait(now):
                return False
            self.pace.start(now)
        self.free -= 1
        return True

    async def enter(self) -> None:
        """Enters when it is one's turn."""
        if self.try_enter():
            return
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        self._admit()
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                # It was its turn already: the place goes to the next.
                self.leave()
            raise

    def leave(self) -> None:
        """One leaves, and another may enter."""
        self.free += 1
        self._admit()

    def _admit(self) -> None:
        while self.waiting and self.free >= 1:
            turn = self.waiting[0]
            if turn.done():
                self.waiting.popleft()
                continue
            if self.pace is not None:
                loop = turn.get_loop()
                now = loop.time()
                if self.pace.wait(now):
                    if self.timer is None:
                        self.timer = loop.call_at(self.pace.due, self._due)
                    return
                self.pace.start(now)
            self.waiting.popleft()
            self.free -= 1
            turn.set_result(None)

    def _due(self) -> None:
        self.timer = None
        self._admit()


def gate_of(limit: int | None, rate: float | None) -> Gate | None:
    """The gate for these bounds, or `None` if there are none."""
    check_bounds(limit, rate)
    return None if limit is None and rate is None else Gate(limit, rate)


def check_bounds(limit: int | None, rate: float | None) -> None:
    """Refuses bounds that let nothing through."""
    if limit is not None and limit < 1:
        raise ValueError(f"limit is how many may run at a time, at least 1: not {limit!r}")
    if rate is not None and not 0 < rate < math.inf:
        raise ValueError(f"rate is how many may start in a second, more than 0: not {rate!r}")
