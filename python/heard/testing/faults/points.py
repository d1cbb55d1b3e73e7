"""Finds the points that a test comes by."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import types
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor.places import place as place_of
from heard.record import Place
from heard.testing.faults.hearing import Ears
from heard.testing.faults.point import Kind, Point
from heard.testing.faults.scope import ASYNC, waits_for_tasks
from heard.testing.faults.watch import exits

_GENERATORS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR | inspect.CO_ITERABLE_COROUTINE

#: Up to Python 3.11 a comprehension is a function of its own, which nobody has written.
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")

#: Told of each point that is passed, and what is waited for there; what it raises is raised there.
Passed = Callable[[Point, object], None]
#: Told of an exception, and of the code and the offset of the instruction where it is.
Exceptional = Callable[[types.CodeType, int, BaseException], None]


class Points:
    """Watches the program, and tells of each point that it passes."""

    def __init__(
        self,
        has: Callable[[types.CodeType], bool],
        passed: Passed,
        goes_on: Callable[[types.FrameType], None] | None = None,
        handled: Exceptional | None = None,
        raised: Exceptional | None = None,
        ended: Callable[[types.FrameType], None] | None = None,
        waits: Callable[[types.FrameType, object], None] | None = None,
        *,
        is_apart: Callable[[types.CodeType], bool] = lambda _: False,
        functions: frozenset[str] = frozenset(),
        ears: Ears | None = None,
    ) -> None:
        #: Whether code is the program's.
        self.has = has
        self.passed = passed
        self.goes_on = goes_on
        #: Told of each exception that is handled, and of each that is raised or goes on, from Python 3.12 on.
        self.handled = handled
        self.raised = raised
        #: Told of each coroutine that returns, and of each that waits for tasks.
        self.ended = ended
        self.waits = waits
        #: The test itself and its fixtures: that a failure of theirs fails the test is known.
        self.is_apart = is_apart
        #: The names of functions that are none of async's, and are points all the same.
        self.functions = functions
        self.ears = ears
        #: The threads that have suspended since they last ran code of the program's: whoever awaits whom suspends too.
        self.is_told = threading.local()
        self.kinds: dict[tuple[str, types.CodeType], bool] = {}

    def wants(self, code: types.CodeType) -> bool:
        # Code is equal to code of another file.
        key = code.co_filename, code
        wanted = self.kinds.get(key)
        if wanted is None:
            is_point = bool(code.co_flags & ASYNC) or code.co_name in self.functions
            wanted = is_point and (self.has(code) or waits_for_tasks(code)) or self.hears(code)
            self.kinds[key] = wanted
        return wanted

    def hears(self, code: types.CodeType) -> bool:
        return self.ears is not None and self.ears.is_handler(code)

    def started(self, frame: types.FrameType) -> None:
        self.is_told.value = False
        code = frame.f_code
        if self.ears is not None and self.hears(code):
            self.ears.handler_runs(frame)
        if not self.has(code) or self.is_apart(code) or code.co_name in _COMPREHENSIONS:
            return
        place = Place(code.co_filename, code.co_firstlineno, code.co_qualname)
        if not code.co_flags & ASYNC:
            if code.co_name in self.functions:
                self.passed(Point("function", place, by=self.caller(frame), task=self.birth(None)), None)
            return
        by = self.awaiter(frame)
        kind: Kind = "call"
        task = self.birth(frame)
        if by is None:
            kind, by = "task", task
        self.passed(Point(kind, place, by=by, task=task), None)

    def suspended(self, frame: types.FrameType, value: object) -> None:
        if type(value).__name__ == "async_generator_wrapped_value":
            # It gives an item, and nothing is waited for.
            return
        if getattr(self.is_told, "value", False):
            return
        self.is_told.value = True
        code, last = frame.f_code, frame.f_lasti
        if not self.has(code):
            return
        if waits_for_work(value):
            if self.waits is not None:
                self.waits(frame, value)
            return
        if self.is_apart(code) or last in _exits(code):
            return
        self.passed(Point("await", place_of(code, last), last, task=self.birth(frame)), value)

    def resumed(self, frame: types.FrameType) -> None:
        self.is_told.value = False
        if self.goes_on is not None:
            self.goes_on(frame)

    def line_runs(self, frame: types.FrameType) -> bool:
        """A line that is a point runs."""
        place = Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)
        self.passed(Point("line", place, task=self.birth(None)), None)
        return True

    def awaiter(self, frame: types.FrameType) -> Place | None:
        """The code of the program's that awaits a coroutine which starts. `None` for one that its task begins with."""
        outer = frame.f_back
        while outer is not None and outer.f_code.co_flags & _GENERATORS:
            if self.has(outer.f_code):
                return place_of(outer.f_code, outer.f_lasti)
            outer = outer.f_back
        return None

    def caller(self, frame: types.FrameType) -> Place | None:
        """The code of the program's that calls a function."""
        outer = frame.f_back
        while outer is not None and not self.has(outer.f_code):
            outer = outer.f_back
        return place_of(outer.f_code, outer.f_lasti) if outer is not None else None

    def birth(self, frame: types.FrameType | None) -> Place | None:
        """Where the task that runs was born, as far as the program's code goes."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            return None
        if task is None:
            return None
        if _native.birth(task):
            return self.birth_of(task)
        # It is in its first step, within the call that makes it.
        return self.caller(frame) if frame is not None else None

    def birth_of(self, task: object) -> Place | None:
        """The same of any task."""
        frames = _native.places(site) if (site := _native.birth(task)) else []
        return next((place_of(code, last) for code, last in frames if self.has(code)), None)


@functools.lru_cache(4096)
def _exits(code: types.CodeType) -> frozenset[int]:
    return exits(code)


def waits_for_work(value: object) -> bool:
    """Whether what is waited for are tasks, which have points of their own."""
    tasks: typing.Any = asyncio.tasks
    return isinstance(value, asyncio.Task | tasks._GatheringFuture)
