"""Which lines run, with which tasks."""

from __future__ import annotations

import asyncio
import types
import typing
from collections.abc import Callable

from heard.record import Place
from heard.testing.faults.hearing import holds


class Work:
    """Notes lines that run, and the tasks that the functions around them have or wait for."""

    def __init__(self, failure: str) -> None:
        self.failure = failure
        self.lines: set[tuple[str, int]] = set()
        #: Each line with the place of birth of a task.
        self.births: dict[tuple[str, int, Place], None] = {}
        #: Lines that run while their function has the failure, or a task that has ended with it.
        self.touched: set[tuple[str, int]] = set()
        self.birth_of: Callable[[object], Place | None] = lambda _: None

    def runs(self, frame: types.FrameType) -> None:
        """A line runs that was asked for."""
        line = (frame.f_code.co_filename, frame.f_lineno)
        self.lines.add(line)
        for value in list(frame.f_locals.values()):
            if isinstance(value, asyncio.Future):
                self.note(line, value)
                if self.failure == "cancel" and value.cancelled():
                    self.touched.add(line)
            if self.failure and holds(value):
                self.touched.add(line)

    def waits(self, frame: types.FrameType, value: typing.Any) -> None:
        """A coroutine waits for a task, or for a gather of several."""
        line = (frame.f_code.co_filename, frame.f_lineno)
        for child in getattr(value, "_children", (value,)):
            self.note(line, child)

    def note(self, line: tuple[str, int], task: object) -> None:
        place = self.birth_of(task)
        if place is not None:
            self.births[(*line, place)] = None
