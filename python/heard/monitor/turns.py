"""Failures of tasks, from the instant they happen to the look at who has read them."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import typing
import weakref
from collections.abc import Callable

from heard import _native
from heard.monitor.case import Facts, Verdicts

#: Whoever waits for a task reads it within two turns of the loop.
_TURNS = 3
#: They end the loop, or are not failures.
_NOT_FAILURES = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)

Look = Callable[[], None]


class Turns:
    """Calls back when a loop has turned three times, for all that happens before its next turn at once."""

    def __init__(self) -> None:
        self.open: dict[int, _Batch] = {}
        self.all: set[_Batch] = set()

    def after(self, loop: asyncio.AbstractEventLoop, look: Look, threadsafe: bool = False) -> None:
        batch = self.open.get(id(loop))
        if batch is None or batch.loop is not loop or batch.left != _TURNS:
            batch = _Batch(self, loop)
            self.open[id(loop)] = batch
            self.all.add(batch)
            batch.looks.append(look)
            batch.again(threadsafe)
        else:
            batch.looks.append(look)

    def finish(self) -> None:
        """The loops of these will not turn again."""
        for batch in list(self.all):
            batch.look()


class _Batch:
    def __init__(self, turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        self.turns = turns
        self.loop = loop
        self.left = _TURNS
        self.looks: list[Look] = []

    def again(self, threadsafe: bool = False) -> None:
        call = self.loop.call_soon_threadsafe if threadsafe else self.loop.call_soon
        try:
            # A context of its own: a copy of the current one would keep the program's values alive.
            call(self, context=contextvars.Context())
        except Exception:
            # The loop is closed; the end of the program looks at what is left.
            self.close()

    def close(self) -> None:
        if self.turns.open.get(id(self.loop)) is self:
            del self.turns.open[id(self.loop)]

    def __call__(self) -> None:
        self.close()
        self.left -= 1
        if self.left:
            self.again()
        else:
            self.look()

    def look(self) -> None:
        self.close()
        self.turns.all.discard(self)
        looks, self.looks = self.looks, []
        for look in looks:
            try:
                look()
            except Exception:
                # A future that is not what it seems, of a program's own making: it is not judged.
                continue


class Tasks:
    """Watches tasks that have failed."""

    def __init__(self, verdicts: Verdicts, turns: Turns) -> None:
        self.verdicts = verdicts
        self.turns = turns
        self.eager: typing.Any = getattr(asyncio.tasks, "_eager_tasks", ())

    def failed(self, task: asyncio.Task[typing.Any], exception: BaseException) -> None:
        """An exception leaves the task's coroutine. Called inside of its step."""
        if isinstance(exception, _NOT_FAILURES):
            return
        if sys.version_info >= (3, 12) and task in self.eager:
            # It fails in its first step, so it was never registered: whoever made it is below it on the stack.
            _native.note(task, 1)
        self.watch(task, task.get_loop())

    def watch(
        self, future: asyncio.Future[typing.Any], loop: asyncio.AbstractEventLoop, threadsafe: bool = False
    ) -> None:
        reference = weakref.ref(future)
        self.turns.after(loop, lambda: self.look(reference), threadsafe)

    def look(self, reference: weakref.ref[typing.Any]) -> None:
        future = reference()
        if future is None or not future._log_traceback or self.verdicts.has_told(future):
            return
        entry = self.verdicts.held.get(id(future))
        if entry is not None and entry.reference() is future:
            return
        facts = Facts("task-failed", future, _native.birth(future))
        del future, entry
        self.verdicts.judge(reference, facts)
