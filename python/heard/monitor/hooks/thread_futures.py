"""Futures of other threads. Python never says anything about those that fail unread, not even at exit."""

from __future__ import annotations

import asyncio
import asyncio.futures
import concurrent.futures
import sys
import types
import typing

from heard import _native
from heard.monitor.case import Case, is_failure
from heard.monitor.hooks.patch import Undo, listen
from heard.monitor.tasks import Tasks
from heard.monitor.verdicts import Verdicts

#: Seconds until the first look: who waits in another thread needs a moment to wake up and read.
_FIRST_LOOK = 0.05
_CHAIN = "_chain_future.<locals>._call_set_state"
#: With FIRST_EXCEPTION, it asks for exceptions to know whether there are any, and hands over futures.
_LOOKS_ON = frozenset(
    {
        concurrent.futures.wait.__code__,
        *(one for one in concurrent.futures.wait.__code__.co_consts if isinstance(one, types.CodeType)),
    }
)


def put(verdicts: Verdicts, tasks: Tasks) -> list[Undo]:
    state = _State(verdicts)
    future: typing.Any = concurrent.futures.Future
    undo: list[Undo] = [state.stop]
    for name, after in (
        ("__init__", state.born),
        ("set_exception", state.failed),
        ("result", state.looked_at),
        ("exception", state.looked_at),
        ("add_done_callback", state.called_back),
    ):
        # Nothing of ours is in the program's tracebacks, nor does a frame of ours keep what a method lets go of.
        undo.append(listen(future, name, after=after))
    undo.append(_watch_copies(tasks, state))
    return undo


def _watch_copies(tasks: Tasks, state: _State) -> Undo:
    """Futures of asyncio that take over the failure of another future: no coroutine of their own fails."""

    def copied(source: typing.Any, dest: typing.Any) -> None:
        if state.active:
            try:
                if dest._log_traceback:
                    tasks.watch(dest, dest.get_loop(), site=getattr(source, "_heard_birth", 0) or _native.birth(source))
            except Exception:
                # A future of the program's own making, or one that was cancelled.
                return

    return listen(asyncio.futures, "_copy_future_state", after=copied)


#: asyncio hands the outcome of a task to a future of another thread here.
_PASSES_ON = getattr(getattr(asyncio.futures, "_set_concurrent_future_state", None), "__code__", None)


class _State:
    """What is done after each of the methods of a future."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True

    def stop(self) -> None:
        self.active = False

    def born(self, future: typing.Any) -> None:
        if self.active:
            future._heard_birth = _native.here()

    def failed(self, future: typing.Any, exception: BaseException | None) -> None:
        if not self.active or not future.done() or future.cancelled() or getattr(future, "_heard_read", False):
            return
        # anyio and asgiref hand over a cancellation of asyncio's, which is no failure either.
        if not is_failure(exception) or issubclass(type(exception), concurrent.futures.CancelledError):
            return
        if any(_hands_on(callback) for callback in future._done_callbacks):
            return
        case = Case("thread-future-failed", future, getattr(future, "_heard_birth", 0), exception)
        caller = sys._getframe(1)
        if caller.f_code is _PASSES_ON:
            # The task of a loop whose outcome this is.
            case.know(caller.f_locals.get("source"))
        self.verdicts.hold(self.verdicts.open(case, future), _FIRST_LOOK)
        if getattr(future, "_heard_read", False):
            # Another thread has read it since this one asked.
            self.verdicts.heard(case)

    def looked_at(self, future: typing.Any, timeout: float | None = None) -> None:
        """`result` or `exception` was called, and has returned or raised."""
        if not self.active or not future.done() or sys._getframe(1).f_code in _LOOKS_ON:
            return
        # A done callback reads it before it is known here that it has failed.
        future._heard_read = True
        self.verdicts.read(future)

    def called_back(self, future: typing.Any, fn: typing.Any) -> None:
        if self.active and future.done() and _hands_on(fn):
            future._heard_read = True
            self.verdicts.read(future)


def _hands_on(callback: typing.Any) -> bool:
    """Whether a callback hands the outcome to a future of asyncio, as soon as the loop of that comes round. Others read
    it when they are called, or hand it to somebody who does, and then it is seen there."""
    return getattr(callback, "__qualname__", "") == _CHAIN
