"""Ends the program's main task because something failed that it cannot do without."""

from __future__ import annotations

import asyncio
import typing
import weakref

#: Who calls `run_until_complete` waits with one of these: asyncio's and uvloop's.
_MAIN_CALLBACKS = ("_run_until_complete_cb", "run_until_complete.<locals>.done_cb")
_ATTRIBUTE = "_heard_aborted"


class _Abort:
    """The first error that has ended this main task; a later run of the same loop has another one."""

    def __init__(self, main: asyncio.Task[typing.Any], error: BaseException) -> None:
        self.main = weakref.ref(main)
        self.error = error


def abort(loop: asyncio.AbstractEventLoop, error: BaseException, *, may_stop: bool) -> None:
    """Cancels the main task of the loop. The first error is kept for `heard.run`.

    A loop without a main task is stopped, if `may_stop`: at its end a loop has none either, and must not be.
    """
    main = _main_task(loop)
    if main is not None:
        earlier = getattr(loop, _ATTRIBUTE, None)
        if not (isinstance(earlier, _Abort) and earlier.main() is main):
            setattr(loop, _ATTRIBUTE, _Abort(main, error))
            main.cancel()
    elif may_stop:
        loop.stop()


def aborted_by(loop: asyncio.AbstractEventLoop) -> BaseException | None:
    """What the last main task of the loop that was aborted was aborted by."""
    found = getattr(loop, _ATTRIBUTE, None)
    return found.error if isinstance(found, _Abort) else None


def _main_task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[typing.Any] | None:
    for task in asyncio.all_tasks(loop):
        for callback, _ in getattr(task, "_callbacks", None) or ():
            if getattr(callback, "__qualname__", None) in _MAIN_CALLBACKS:
                return task
    return None
