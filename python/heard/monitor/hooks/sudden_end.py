"""Ends of a process that Python is not told of: `os._exit`, as children of `multiprocessing` end, and SIGTERM where the
program has no handler for it."""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor.hooks.patch import Undo, Undoing, listen

#: Seconds that the last word may take: whoever ends a process so has no time.
_PATIENCE = 2.0


def put(is_owed: Callable[[], bool], say: Callable[[], None]) -> list[Undo]:
    """`say` is called before the process ends, in another thread, if `is_owed`."""
    with Undoing() as undo:
        undo.append(_before_exit(is_owed, say))
        if hasattr(signal, "SIGTERM"):
            undo.append(_native.no_word_before_death)
            _native.before_death(signal.SIGTERM, _PATIENCE, say)
            if _native.clock_runs():
                # It arms what it finds when it is started.
                _native.arm()
            undo.append(_stay_armed())
            undo.append(_go_no_further())
    return undo


def _before_exit(is_owed: Callable[[], bool], say: Callable[[], None]) -> Undo:
    active = True

    def ends(status: int) -> None:
        try:
            if active and isinstance(status, int) and is_owed():
                _within(_PATIENCE, say)
        except BaseException:
            # Whatever a signal handler raises now, the process ends.
            return

    def stop() -> None:
        nonlocal active
        active = False

    put_back = listen(os, "_exit", before=ends)

    def undo() -> None:
        stop()
        put_back()

    return undo


def _within(seconds: float, work: Callable[[], None]) -> None:
    """Does it in another thread: the program may hold a lock for ever that a handler of its log waits for."""
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            work()
        finally:
            done.release()

    try:
        _thread.start_new_thread(run, ())
    except RuntimeError:
        # The interpreter ends, or there is no room for another thread.
        return
    done.acquire(timeout=seconds)


def _stay_armed() -> Undo:
    """A server that has a handler of its own puts the default back when it has shut down, and sends itself the signal
    once more."""

    def was_set(signalnum: typing.Any, handler: typing.Any) -> None:
        if handler == signal.SIG_DFL and signalnum == signal.SIGTERM:
            _native.arm()

    return listen(signal, "signal", after=was_set)


#: What a program sends itself a signal with.
_SENDERS = ((signal, "raise_signal"), (signal, "pthread_kill"), (os, "kill"), (os, "killpg"))


def _go_no_further() -> Undo:
    """A program that sends itself the signal does nothing after that, and neither does one that comes to its end by
    chance while the last word is said."""
    with Undoing() as undo:
        for module, name in _SENDERS:
            if hasattr(module, name):
                undo.append(listen(module, name, after=_native.await_death))
        atexit.register(_native.await_death)
        undo.append(lambda: atexit.unregister(_native.await_death))
    return undo.undo
