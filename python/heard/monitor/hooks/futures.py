"""Tasks and futures of asyncio, by their methods: whoever calls them, and however he came by them."""

from __future__ import annotations

import asyncio.futures
import asyncio.tasks
import sys
import types
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor.case import Reference, case_of
from heard.monitor.holding import SHIELD_DONE
from heard.monitor.hooks import births
from heard.monitor.hooks.patch import Undo, Undoing, listen, replace, standing_in
from heard.monitor.tasks import Tasks

_TASKS: typing.Any = asyncio.tasks
_FUTURES: typing.Any = asyncio.futures
#: The types that have methods of their own: those in C, and the same in Python.
_TYPES: tuple[tuple[typing.Any, bool], ...] = tuple(
    dict.fromkeys(
        ((_TASKS.Task, True), (_TASKS._PyTask, True), (_FUTURES.Future, False), (_FUTURES._PyFuture, False)),
    )
)


class Failed:
    """Futures that are no tasks, and that somebody has given a failure which is still held when all is over.

    While the program runs, such a future says by itself when it goes that nobody has read it, and until then somebody may. A
    library may well give a future to whoever wants it, and nobody does; one that takes the mark away by `cancel()` means it.
    """

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks
        self.active = True
        #: References of ours, which hold nothing and are no way for the program to reach a future.
        self.references: set[Reference] = set()

    def unread(self) -> list[typing.Any]:
        """Those whose failure nobody has read so far."""
        futures = [reference() for reference in list(self.references)]
        return [future for future in futures if getattr(future, "_log_traceback", False)]

    def failed(self, future: typing.Any, exception: object) -> None:
        """It was given a failure. Called in the name of who gave it."""
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


def put(failed: Failed, tasks: Tasks, stopped: Callable[[typing.Any], object]) -> list[Undo]:
    """`stopped` is called with tasks that are told to stop."""
    undo = Undoing([failed.stop, _native.ignore_futures])
    with undo:
        for kind, is_task in _TYPES:
            names = ("cancel", "exception") if is_task else ("cancel", "exception", "set_exception")
            if isinstance(vars(kind)["cancel"], types.FunctionType):
                undo.extend(_put_in_python(kind, is_task, failed, tasks, stopped))
            else:
                for name in names:
                    undo.append(replace(kind, name, _native.method_of_futures(kind, name, is_task)))
        _native.listen_to_futures(tasks.keeps, stopped, tasks.drops, failed.failed)
    return undo


def _put_in_python(
    kind: type, is_task: bool, failed: Failed, tasks: Tasks, stopped: Callable[[typing.Any], object]
) -> list[Undo]:
    """The same for a type that is written in Python."""

    def cancel(future: typing.Any, msg: object = None) -> typing.Any:
        if future._log_traceback:
            return False if tasks.keeps(future) else NotImplemented
        if is_task:
            stopped(future)
        return NotImplemented

    def exception(future: typing.Any) -> typing.Any:
        return future._exception if future._log_traceback and tasks.drops(future) else NotImplemented

    undo = Undoing()
    with undo:
        undo.append(replace(kind, "cancel", standing_in(kind, "cancel", cancel)))
        if not is_task:
            # Tasks inherit it.
            undo.append(replace(kind, "exception", standing_in(kind, "exception", exception)))
            undo.append(listen(kind, "set_exception", after=failed.failed))
    return undo
