"""The threads that Python lists, asked without listing one more."""

from __future__ import annotations

import threading
import typing
from collections.abc import Iterable

T = typing.TypeVar("T")


def listed(weak: Iterable[T]) -> list[T]:
    """What a set or dictionary of weak references has, while other threads add to it."""
    while True:
        try:
            return list(weak)
        except RuntimeError:
            # It has changed meanwhile.
            continue


def thread_name() -> str:
    # Not `threading.current_thread`, which makes an object for a thread that Python does not know.
    thread = known_threads().get(threading.get_ident())
    return thread.name if thread is not None else "heard"


def known_threads() -> dict[int, threading.Thread]:
    """The threads that Python lists, as `threading` keeps them."""
    known: dict[int, threading.Thread] = typing.cast(typing.Any, threading)._active
    return known
