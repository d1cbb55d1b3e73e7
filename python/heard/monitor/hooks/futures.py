"""Futures of asyncio that are no tasks: a failure that somebody gives them, and that is still held when all is over.

While the program runs, such a future says by itself when it goes that nobody has read it, and until then somebody may. A
library may well give a future to whoever wants it, and nobody does; one that takes the mark away by `cancel()` means it.
"""

from __future__ import annotations

import asyncio.futures
import asyncio.tasks
import sys
import types
import typing

from heard import _native
from heard.monitor.case import Reference, case_of
from heard.monitor.holding import GATHER_DONE, SHIELD_DONE, WAIT_DONE
from heard.monitor.hooks import births
from heard.monitor.hooks.patch import Undo, Undoing, listen
from heard.monitor.tasks import Tasks

_TASKS: typing.Any = asyncio.tasks
_FUTURES: typing.Any = asyncio.futures
#: The types that have methods of their own: those in C, and the same in Python.
TASKS: tuple[type, ...] = tuple(dict.fromkeys((_TASKS.Task, _TASKS._PyTask)))
PLAIN: tuple[type, ...] = tuple(dict.fromkeys((_FUTURES.Future, _FUTURES._PyFuture)))


class Failed:
    """Those that somebody has given a failure."""

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.active = True
        #: References of ours, which hold nothing and are no way for the program to reach a future.
        self.references: set[Reference] = set()

    def unread(self) -> list[typing.Any]:
        """Those whose failure nobody has read so far."""
        futures = [reference() for reference in list(self.references)]
        return [future for future in futures if getattr(future, "_log_traceback", False)]

    def fails(self, future: typing.Any, exception: object) -> None:
        """It is about to be given a failure. Its mark is kept if a `gather` or a `wait` is to look at it."""
        if self.active and any(map(_looks_on, future._callbacks or ())):
            self.tasks.keep(future)

    def failed(self, future: typing.Any, exception: object) -> None:
        caller = sys._getframe(1)
        if not self.active:
            return
        if caller.f_code is SHIELD_DONE:
            if case_of(future) is None:
                # Nothing has told of the failure of what it shields.
                self.tasks.pass_on(caller.f_locals["inner"], future)
        elif not births.is_skipped(caller.f_code.co_filename):
            # What asyncio, or a tool, gives a failure to is its own affair.
            self.references.add(Reference(future, self.references.discard))

    def stop(self) -> None:
        self.active = False


def put(failed: Failed) -> list[Undo]:
    undo = Undoing([failed.stop])
    with undo:
        for kind in PLAIN:
            undo.append(listen(kind, "set_exception", before=failed.fails, after=failed.failed))
    return undo


def _looks_on(entry: tuple[object, object]) -> bool:
    """Whether a done callback reads a failure on nobody's behalf. It is not asked for anything: it may be the program's."""
    callback = entry[0]
    return type(callback) is types.FunctionType and (callback.__code__ is GATHER_DONE or callback.__code__ is WAIT_DONE)
