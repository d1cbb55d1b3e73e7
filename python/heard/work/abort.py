"""Ends the program's main task because something failed that it cannot do without."""

from __future__ import annotations

import asyncio
import typing

#: Who calls `run_until_complete` waits with one of these: asyncio's and uvloop's.
_MAIN_CALLBACKS = ("_run_until_complete_cb", "run_until_complete.<locals>.done_cb")
_ATTRIBUTE = "_heard_aborted_by"


def abort(loop: asyncio.AbstractEventLoop, error: BaseException) -> None:
    """Cancels the main task of the loop, or stops the loop if it has none. The first error is kept for `heard.run`."""
    if aborted_by(loop) is not None:
        return
    setattr(loop, _ATTRIBUTE, error)
    main = _main_task(loop)
    if main is not None:
        main.cancel()
    else:
        loop.stop()


def aborted_by(loop: asyncio.AbstractEventLoop) -> BaseException | None:
    """What the loop was aborted by."""
    error = getattr(loop, _ATTRIBUTE, None)
    return error if isinstance(error, BaseException) else None


def _main_task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[typing.Any] | None:
    for task in asyncio.all_tasks(loop):
        for callback, _ in getattr(task, "_callbacks", None) or ():
            if getattr(callback, "__qualname__", None) in _MAIN_CALLBACKS:
                return task
    return None
