"""Three turns of a loop: whoever waits for a failure has read it by then."""

from __future__ import annotations

import asyncio
import contextvars
import typing
import weakref
from collections.abc import Callable

from heard.monitor.case import Case, State
from heard.monitor.threads import listed

#: Whoever waits for a task reads it within two turns of the loop.
_TURNS = 3


class Turns:
    """Looks at cases when their loop has turned three times, at all that came before its next turn at once."""

    def __init__(self) -> None:
        #: Called with a case when its loop has turned, or when it will not turn again.
        self.look: Callable[[Case], object] = lambda case: None
        self.stranded: Callable[[Case], object] = lambda case: None
        #: By the address of the loop; each knows its loop, and lives as long as that will call it.
        self.open: weakref.WeakValueDictionary[int, _Batch] = weakref.WeakValueDictionary()
        self.all: weakref.WeakSet[_Batch] = weakref.WeakSet()

    def after(self, loop: asyncio.AbstractEventLoop, case: Case, threadsafe: bool = False) -> None:
        batch = self.open.get(id(loop))
        if batch is None or batch.loop() is not loop or batch.left != _TURNS:
            batch = _Batch(self, loop)
            batch.cases.append(case)
            self.open[id(loop)] = batch
            self.all.add(batch)
            batch.again(loop, threadsafe)
        else:
            batch.cases.append(case)

    def has_cases(self) -> bool:
        """Whether some case waits for its loop to turn, and has not been read meanwhile."""
        cases = (case for batch in listed(self.all) for case in list(batch.cases))
        return any(case.state is State.TURNS and not case.is_read_by_now() for case in cases)

    def finish(self) -> None:
        """The loops of these will not turn again."""
        for batch in listed(self.all):
            batch.look()


class _Batch:
    def __init__(self, turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        self.turns = turns
        self.loop = weakref.ref(loop)
        self.left = _TURNS
        self.cases: list[Case] = []

    def again(self, loop: typing.Any, threadsafe: bool = False) -> None:
        call = loop.call_soon_threadsafe if threadsafe else loop.call_soon
        try:
            # A context of its own: a copy of the current one would keep the program's values alive.
            call(self, context=contextvars.Context())
        except Exception:
            # The loop is closed.
            self.strand()

    def take(self) -> list[Case]:
        cases, self.cases = self.cases, []
        return [case for case in cases if case.state is State.TURNS]

    def __call__(self) -> None:
        self.left -= 1
        loop = self.loop()
        if self.left and loop is not None:
            self.again(loop)
        else:
            self.look()

    def look(self) -> None:
        for case in self.take():
            try:
                self.turns.look(case)
            except Exception:
                # A future that is not what it seems, of a program's own making: it is not judged.
                continue

    def strand(self) -> None:
        """The loop will not turn again."""
        for case in self.take():
            self.turns.stranded(case)

    def __del__(self) -> None:
        if self.cases:
            self.strand()
