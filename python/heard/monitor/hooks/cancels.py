"""Tasks that were told to stop, and went on."""

from __future__ import annotations

import asyncio
import functools
import time
import types
import typing
import weakref

from heard import _native
from heard.monitor import awaiting, liveness, places
from heard.monitor.case import Case, Reference
from heard.monitor.hooks import ending
from heard.monitor.verdicts import Verdicts
from heard.report.events import rule_of

#: A look at all tasks may take up one part in so many of the time.
_SHARE = 100
#: Seconds after which nobody looks at a task any more.
_FORGET = 60.0
_Task = asyncio.Task[typing.Any]


class Cancels:
    """Looks for tasks that go on, some time after any task at all was told to stop.

    Nothing is kept of the many cancellations that are none of anybody's business, such as those of timeouts.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True
        #: Loops of tasks that were told to stop since the last look.
        self.loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        #: Tasks that were found to go on, how often they had been cancelled, and since when.
        self.watched: list[tuple[weakref.ref[_Task], int, float]] = []
        self.due: float | None = None
        #: Those that were told. A task is told once.
        self.told: weakref.WeakSet[_Task] = weakref.WeakSet()

    def stopped(self, task: _Task) -> None:
        """A task is told to stop."""
        if not self.active:
            return
        self.loops.add(task.get_loop())
        self.due = self.verdicts.clock.now() + self.patience
        self.verdicts.wake_in(self.patience)

    @property
    def patience(self) -> float:
        """Seconds that a task may take to end."""
        return max(self.verdicts.settings.grace, 0.01)

    def wake(self) -> float | None:
        """Two looks at those that still run: who goes on at both was cancelled and does not end."""
        now = self.verdicts.clock.now()
        if self.due is None:
            return None
        if now < self.due:
            return self.due - now
        # Its own time: on a busy machine a look must not seem dearer, and so put off the next one, than it is.
        started = time.thread_time()
        loops = list(self.loops)
        self.loops.clear()
        _native.await_cancel()
        before = {task: (count, since) for task, count, since in ((one(), c, s) for one, c, s in self.watched) if task}
        self.watched.clear()
        for loop in loops:
            self.look(loop, now)
        for task, (count, since) in before.items():
            if task.done() or not self.goes_on(task) or task.cancelling() != count or task in self.told:
                continue
            if now - since >= self.patience:
                self.told.add(task)
                self.tell(task)
            elif now - since < _FORGET:
                self.watched.append((Reference(task), count, since))
        if not self.watched:
            self.due = None
            return None
        wait = max(self.patience, (time.thread_time() - started) * _SHARE)
        self.due = now + wait
        return wait

    def look(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        """Notes the tasks of a loop that seem to go on."""
        if loop in ending.loops:
            return
        known = {one() for one, _, _ in self.watched}
        for task in _native.cancelling(self.verdicts.tasks_of(loop)):
            if task not in known and task not in self.told and self.goes_on(task):
                self.watched.append((Reference(task), task.cancelling(), now))

    def look_at_rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """One look at a loop that does not turn: whoever goes on there will not get to its end by itself."""
        try:
            for task in _native.cancelling(self.verdicts.tasks_of(loop)):
                if task not in self.told and self.goes_on(task):
                    self.told.add(task)
                    self.tell(task)
        except Exception:
            # A loop or a task of the program's own making.
            return

    def goes_on(self, task: typing.Any) -> bool:
        """Whether a task waits for something, outside of any clean-up, with its cancellation behind it."""
        waiter = getattr(task, "_fut_waiter", None)
        if task.done() or not task.cancelling() or getattr(task, "_must_cancel", True) or waiter is None:
            return False
        # What it waits for is about to hand it the cancellation.
        if waiter.done() or getattr(waiter, "_cancel_requested", False):
            return False
        if isinstance(waiter, asyncio.Task) and waiter.cancelling():
            return False
        chain, awaited = awaiting.chain_of(getattr(task, "_coro", None))
        # What others do is not known, such as a worker of `heard.map`; it may well be a clean-up.
        is_plain = awaiting.is_future_s(awaited) and not any(isinstance(one, types.GeneratorType) for one in chain)
        return is_plain and liveness.goes_on(chain)

    def tell(self, task: typing.Any) -> None:
        if places.is_tools_own(getattr(task, "_coro", None)):
            # What a tool does with its own tasks is not the program's affair.
            return
        case = Case("task-swallowed-cancel", task, _native.birth(task))
        self.verdicts.reporter.tell(
            "task-swallowed-cancel",
            rule_of("task-swallowed-cancel"),
            None,
            key=case.site,
            born=functools.partial(places.born, case.site),
            why="it caught its CancelledError and works on",
            **case.fields(task),
        )
