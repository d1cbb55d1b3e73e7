"""Makes a failure come at a point."""

from __future__ import annotations

import asyncio
import builtins
import collections
import importlib
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterable

from heard.monitor.places import place as place_of
from heard.record import Place
from heard.testing.faults.mark import MARK, carries, is_injected
from heard.testing.faults.point import Point


class Failing:
    """Raises a failure when a point is passed for the first time, or as often as it is among the points.

    It keeps nothing of the failure, whose traceback would keep alive what the program has let go of.
    """

    def __init__(self, points: Iterable[Point], failure: str, has: Callable[[types.CodeType], bool]) -> None:
        #: Where it has not come so far, and how often it is to come there.
        self.points = collections.Counter(points)
        self.failure = failure
        #: Whether code is the program's.
        self.has = has
        self.has_come = False
        #: The task that fails when it goes on, and in which function.
        self.later: tuple[weakref.ref[asyncio.Task[typing.Any]], str] | None = None
        #: Where it was handled last, as far as the interpreter tells.
        self.handled_at: Place | None = None
        self.lock = threading.Lock()

    def passed(self, point: Point, value: object) -> None:
        with self.lock:
            if not self.points[point]:
                return
            self.points[point] -= 1
            self.has_come = True
        if point.kind != "await":
            raise exception_of(self.failure)
        if self.failure == "cancel":
            asyncio.get_running_loop().call_soon(typing.cast(typing.Any, asyncio.current_task()).cancel, MARK)
        elif is_pending(value):
            asyncio.get_running_loop().call_soon(_fail, typing.cast(typing.Any, value), self.failure)
        else:
            # Others wait for it too, or it is not known what it is: the task fails when it would go on.
            self.later = (weakref.ref(typing.cast(typing.Any, asyncio.current_task())), point.place.function)

    def resumed(self, frame: types.FrameType) -> None:
        """Called for all code of the program's that goes on."""
        if self.later is None or frame.f_code.co_qualname != self.later[1]:
            return
        if asyncio.current_task() is self.later[0]():
            self.later = None
            raise exception_of(self.failure)

    def handled(self, code: types.CodeType, offset: int, exception: BaseException) -> None:
        """Called when a handler or a clean-up begins anywhere."""
        if self.has_come and self.concerns(code, exception):
            # What begins a handler has no line, and its first line comes right behind.
            last = next((start for start, _, line in code.co_lines() if start >= offset and line is not None), offset)
            self.handled_at = place_of(code, last)

    def raised(self, code: types.CodeType, offset: int, exception: BaseException) -> None:
        """Called when an exception is raised or goes on anywhere."""
        if self.handled_at is not None and self.concerns(code, exception):
            self.handled_at = None

    def concerns(self, code: types.CodeType, exception: BaseException) -> bool:
        """Whether this tells where the failure is. What a library raises and handles for itself while a handler of the
        program's runs, as `logging` does, comes of the failure by its context alone."""
        return is_injected(exception) or self.has(code) and carries(exception)


def is_pending(value: object) -> bool:
    """Whether nobody but the one who waits now would be told of the failure of what it waits for."""
    future = typing.cast(typing.Any, value)
    return asyncio.isfuture(value) and not future.done() and not getattr(value, "_callbacks", True)


def _fail(future: asyncio.Future[typing.Any], failure: str) -> None:
    if not future.done():
        future.set_exception(exception_of(failure))


def exception_of(failure: str) -> BaseException:
    """The exception of a name: `cancel`, `timeout`, a built-in exception, or `package.module.Exception`.

    Raises `ValueError` where that is none.
    """
    if failure == "cancel":
        return asyncio.CancelledError(MARK)
    if failure == "timeout":
        return TimeoutError(MARK)
    module, _, name = failure.rpartition(".")
    try:
        found = getattr(importlib.import_module(module) if module else builtins, name, None)
        exception = found(MARK) if isinstance(found, type) and issubclass(found, BaseException) else None
    except ImportError as error:
        raise ValueError(f"{failure}: {error}") from None
    except TypeError:
        raise ValueError(f"{failure} cannot be made of a message alone") from None
    if exception is None:
        raise ValueError(f"{failure} is no exception: write cancel, timeout, ConnectionError or package.module.Name")
    return exception
