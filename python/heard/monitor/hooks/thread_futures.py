"""Futures of other threads. Python never says anything about those that fail unread, not even at exit."""

from __future__ import annotations

import asyncio
import asyncio.futures
import concurrent.futures
import typing
import weakref

from heard import _native
from heard.monitor.hooks.patch import Undo, replace
from heard.monitor.turns import Tasks
from heard.monitor.case import Facts, Verdicts

#: Seconds until the first look: who waits in another thread needs a moment to wake up and read.
_FIRST_LOOK = 0.05
_CHAIN = "_chain_future.<locals>._call_check_cancel"

Future = concurrent.futures.Future[typing.Any]


def put(verdicts: Verdicts, tasks: Tasks) -> list[Undo]:
    state = _State(verdicts)
    future: typing.Any = concurrent.futures.Future
    init, set_exception = future.__init__, future.set_exception
    result, exception_, add_done_callback = future.result, future.exception, future.add_done_callback

    def __init__(self: typing.Any) -> None:
        init(self)
        if state.active:
            self._heard_birth = _native.here()

    def noted_set_exception(self: typing.Any, exception: BaseException | None) -> None:
        set_exception(self, exception)
        if state.active:
            state.failed(self, exception)

    def noted_result(self: typing.Any, timeout: float | None = None) -> typing.Any:
        if id(self) in verdicts.held:
            verdicts.read(self)
        return result(self, timeout)

    def noted_exception(self: typing.Any, timeout: float | None = None) -> BaseException | None:
        if id(self) in verdicts.held:
            verdicts.read(self)
        return typing.cast("BaseException | None", exception_(self, timeout))

    def noted_add_done_callback(self: typing.Any, fn: typing.Any) -> None:
        if id(self) in verdicts.held and not _only_chains(fn):
            verdicts.read(self)
        add_done_callback(self, fn)

    undo = [state.stop]
    replacements: list[tuple[str, typing.Any, typing.Any]] = [
        ("__init__", init, __init__),
        ("set_exception", set_exception, noted_set_exception),
        ("result", result, noted_result),
        ("exception", exception_, noted_exception),
        ("add_done_callback", add_done_callback, noted_add_done_callback),
    ]
    for name, original, new in replacements:
        new.__name__, new.__qualname__, new.__doc__ = name, original.__qualname__, original.__doc__
        new.__wrapped__ = original
        undo.append(replace(future, name, new))
    undo.append(_watch_copies(tasks, state))
    return undo


def _watch_copies(tasks: Tasks, state: _State) -> Undo:
    """Futures of asyncio that take over the failure of another future: no coroutine of their own fails."""
    module: typing.Any = asyncio.futures
    original = module._copy_future_state

    def _copy_future_state(source: typing.Any, dest: typing.Any) -> None:
        original(source, dest)
        if state.active:
            try:
                if dest._log_traceback:
                    tasks.watch(dest, dest.get_loop())
            except Exception:
                # A future of the program's own making, or one that was cancelled.
                return

    return replace(module, "_copy_future_state", _copy_future_state)


class _State:
    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True

    def stop(self) -> None:
        self.active = False

    def failed(self, future: typing.Any, exception: BaseException | None) -> None:
        try:
            if exception is None or isinstance(exception, (KeyboardInterrupt, SystemExit)):
                return
            if any(not _only_chains(callback) for callback in future._done_callbacks):
                return
            facts = Facts("thread-future-failed", future, getattr(future, "_heard_birth", 0), exception)
            self.verdicts.hold(weakref.ref(future), facts, _FIRST_LOOK)
        except Exception:
            return


def _only_chains(callback: typing.Any) -> bool:
    """Whether it only tells the other end of a chain that this end was cancelled."""
    return getattr(callback, "__qualname__", "") == _CHAIN
