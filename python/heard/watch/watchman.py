"""Looks at a watched process now and then, and says what a person would want to see: a loop that does not turn, and
tasks or callbacks that become more and more."""

from __future__ import annotations

import asyncio
import collections
import weakref
from collections.abc import Callable

from heard import _native
from heard.monitor import clock, places
from heard.report import log
from heard.watch import loops, tasks as living
from heard.watch.chain import Task, callbacks_of

#: Seconds between two looks at the loops, and between two counts.
_BEAT = 1.0
_COUNT = 30.0
#: A loop that has not turned for so many seconds is blocked.
_BLOCKED = 2.0
#: What has grown at so many counts in a row, ten minutes, to so many and to twice of what it was, is told.
_GROWTHS = 20
_MANY = 1000
_MOST_COUNTED = 20_000
#: Shapes of work whose numbers are kept.
_MOST_SHAPES = 1000
#: Frames of a blocked loop that are told.
_MOST_FRAMES = 4

Shape = tuple[str, int, str | None]


class Watchman:
    """Called by the clock of the monitor, which forks and the end of the program stop."""

    def __init__(self) -> None:
        self.clock = clock.current()
        self.last = self.next_count = self.late = self.clock.now()
        #: Loops that have had a task, and have not ended.
        self.loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self.asked = loops.Asked()
        #: Those whose present standstill has been told.
        self.told: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        #: Of each shape, how many there were at the last counts, as long as they have grown.
        self.counts: dict[Shape, list[int]] = {}

    def __call__(self) -> float:
        """Seconds until the next look."""
        now = self.clock.now()
        if now < self.last + _BEAT:
            return self.last + _BEAT - now
        if now > self.last + 2 * _BEAT:
            # The process was stopped, or did not get its turn: no loop is to blame for the time until now.
            self.late = now
        self.last = now
        try:
            tasks = living.alive()
            for task in tasks:
                self.loops.add(task.get_loop())
            for loop in list(self.loops):
                self.look_at(loop, now)
            if now >= self.next_count:
                self.next_count = now + _COUNT
                self.count(tasks[:_MOST_COUNTED])
        except Exception:
            # A task or loop of the program's own making.
            pass
        return _BEAT

    def look_at(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        if not loop.is_running():
            self.loops.discard(loop)
            self.asked.since.pop(loop, None)
            return
        since = self.asked.since.get(loop)
        if since is None:
            self.told.discard(loop)
            self.asked.ask(loop, now)
        elif (blocked := now - max(since, self.late)) >= _BLOCKED and loop not in self.told:
            thread, stack = loops.blocked_by(loop)
            if stack:
                self.told.add(loop)
                told = " < ".join(places.shown_place(place) for place in stack[:_MOST_FRAMES])
                said = "The event loop of %s has not turned for %.0f s, so nothing else in it runs: %s"
                log.say(said, thread, blocked, told)

    def count(self, tasks: list[Task]) -> None:
        now: collections.Counter[Shape] = collections.Counter()
        for task in tasks:
            site, coroutine = _native.birth(task), places.coroutine_name(task.get_coro())
            now["tasks", site, coroutine] += 1
            now["callbacks", site, coroutine] += len(callbacks_of(task))
        before, self.counts = self.counts, {}
        for shape, number in now.most_common(_MOST_SHAPES):
            grown = before.get(shape, [])
            grown = [*grown, number] if grown and number > grown[-1] else [number]
            if len(grown) > _GROWTHS and number >= _MANY and number >= 2 * grown[0]:
                self.tell_growth(shape, grown)
                # The next time, when it has grown as much again.
                grown = [number]
            self.counts[shape] = grown

    def tell_growth(self, shape: Shape, grown: list[int]) -> None:
        kind, site, coroutine = shape
        what = f"tasks ({coroutine})" if kind == "tasks" else f"done callbacks of tasks ({coroutine})"
        born = places.born(site)
        minutes = (len(grown) - 1) * _COUNT / 60
        where = f"; born {places.shown_place(born[0])}" if born else ""
        log.say("There are more and more %s: %d, and %d %.0f minutes ago%s", what, grown[-1], grown[0], minutes, where)


def begin(wake_in: Callable[[float], None]) -> Watchman:
    """One that the clock will call."""
    watchman = Watchman()
    wake_in(_BEAT)
    return watchman
