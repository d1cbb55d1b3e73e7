"""The order in which tasks begin and end, and which of them outlive the coroutine that has started them."""

from __future__ import annotations

import asyncio
import collections
import types
import typing
import weakref

from heard.record import Place
from heard.testing.faults.point import Point


class Sequence:
    """Notes tasks of one birth, and whether they end in the order in which they began."""

    def __init__(self) -> None:
        self.begun: dict[Place, int] = collections.Counter()
        #: The number and the birth of each task that has not ended.
        self.numbers: weakref.WeakKeyDictionary[asyncio.Task[typing.Any], tuple[Place, int]] = (
            weakref.WeakKeyDictionary()
        )
        self.last: dict[Place, int] = {}
        #: Where tasks were born that ended in another order, and those that outlived who had started them.
        self.mixed: dict[Place, None] = {}
        self.left: dict[Place, None] = {}

    def began(self, point: Point) -> None:
        """The task that runs begins at a point."""
        task = asyncio.current_task()
        if task is not None and point.by is not None and task not in self.numbers:
            self.begun[point.by] += 1
            self.numbers[task] = (point.by, self.begun[point.by])

    def ended(self, frame: types.FrameType) -> None:
        """A coroutine returns: that of a task, if nobody of the program's awaits it."""
        code = frame.f_code
        for task, (place, _) in list(self.numbers.items()):
            if (place.path, place.function) == (code.co_filename, code.co_qualname) and not task.done():
                self.left[place] = None
        try:
            current = asyncio.current_task()
        except RuntimeError:
            return
        if current is None or current not in self.numbers:
            return
        if getattr(current.get_coro(), "cr_frame", None) is not frame:
            return
        place, number = self.numbers.pop(current)
        if number < self.last.get(place, 0):
            self.mixed[place] = None
        self.last[place] = number
