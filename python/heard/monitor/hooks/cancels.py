"""Tasks that were told to stop, and went on."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import sys
import time
import types
import typing
import weakref

from heard import _native
from heard.monitor import liveness, places
from heard.monitor.hooks import gather
from heard.monitor.case import Facts, Verdicts

#: Seconds after which a task that still runs, outside of any clean-up, has swallowed its cancellation.
_PATIENCE = 0.2
#: Seconds after which nobody looks at it any more.
_FORGET = 60.0


class Cancels:
    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True
        self.watched: dict[int, tuple[weakref.ref[typing.Any], float]] = {}

    def thrown(self, task: asyncio.Task[typing.Any]) -> None:
        """A cancellation is thrown into a task. Called inside of its step."""
        if not self.active or not task.cancelling() or id(task.get_loop()) in gather.ending_loops:
            return
        entry = self.watched.get(id(task))
        if entry is not None and entry[0]() is task:
            return
        # The frames of a task are told one after the other, the innermost first. A task group that waits at its end is
        # woken up by a cancellation of its own, which Python up to 3.12 forgets to take back.
        if sys._getframe(1).f_code.co_name == "__aexit__":
            self.watched[id(task)] = (weakref.ref(task), math.inf)
            return
        self.watched[id(task)] = (weakref.ref(task), time.monotonic())
        task.add_done_callback(self.ended)
        _native.wake_in(_PATIENCE, self.verdicts.wake)

    def ended(self, task: asyncio.Task[typing.Any]) -> None:
        """It has ended. That it was asked to is still on record if nobody has taken it back, as timeouts do."""
        entry = self.watched.pop(id(task), None)
        if (
            entry is None
            or entry[1] == math.inf
            or not self.active
            or task.cancelled()
            or id(task.get_loop()) in gather.ending_loops
        ):
            return
        if task._exception is None and task.cancelling():
            # It has ended soon after, as was asked; but whoever waits for it takes it for a success.
            self.tell(task, "it caught its CancelledError and returned, so it counts as a success", logging.INFO)

    def wake(self) -> float | None:
        """Looks at those that still run."""
        now = time.monotonic()
        for key, (reference, since) in list(self.watched.items()):
            task = reference()
            if since == math.inf and task is not None and not task.done():
                continue
            if task is None or task.done() or now - since > _FORGET or not task.cancelling():
                self.watched.pop(key, None)
            elif now - since >= _PATIENCE and self.goes_on(task):
                self.watched.pop(key, None)
                self.tell(task, "it caught its CancelledError and works on", logging.WARNING)
        return _PATIENCE if any(since != math.inf for _, since in list(self.watched.values())) else None

    def goes_on(self, task: typing.Any) -> bool:
        """Whether it is suspended outside of all handlers, which may clean up for as long as they like."""
        coroutine = getattr(task, "_coro", None)
        if not isinstance(coroutine, types.CoroutineType):
            # What it does is not known, such as a worker of `heard.map`.
            return False
        while isinstance(coroutine, types.CoroutineType):
            if coroutine.cr_running or coroutine.cr_frame is None:
                return False
            code = coroutine.cr_code
            # Task groups wait for their children whatever happens.
            if code.co_name == "__aexit__" or liveness.in_handler(code, coroutine.cr_frame.f_lasti):
                return False
            coroutine = coroutine.cr_await
        return not isinstance(coroutine, (types.GeneratorType, types.AsyncGeneratorType))

    def tell(self, task: typing.Any, why: str, level: int) -> None:
        if places.is_tools_own(getattr(task, "_coro", None)):
            # What a tool does with its own tasks is not the program's affair.
            return
        facts = Facts("task-swallowed-cancel", task, _native.birth(task))
        self.verdicts.reporter.tell(
            "task-swallowed-cancel",
            "swallowed-cancellation",
            None,
            key=facts.site,
            level=level,
            born=functools.partial(places.born, facts.site),
            why=why,
            **facts.as_fields(),
        )
