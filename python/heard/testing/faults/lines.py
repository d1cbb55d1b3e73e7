"""Tells of lines of the program that run."""

from __future__ import annotations

import sys
import threading
import types
import typing
from collections.abc import Callable

from heard.testing.faults.watch import take

#: Told of a line each time that it runs, if it says so: it is told once of a line of which it returns False. What it
#: raises is raised in that line.
Runs = Callable[[types.FrameType], bool]


def watch_lines(lines: frozenset[tuple[str, int]], runs: Runs) -> Callable[[], None]:
    """Tells of these lines, each a path and a number, from now on, in all threads. Returns what ends that."""
    if not lines:
        return lambda: None
    return _by_events(lines, runs) if sys.version_info >= (3, 12) else _by_trace(lines, runs)


def _by_events(lines: frozenset[tuple[str, int]], runs: Runs) -> Callable[[], None]:
    if sys.version_info < (3, 12):
        raise AssertionError("only Python 3.12 and newer have these events")
    monitoring, number = sys.monitoring, take("heard: lines")
    event, disable = monitoring.events.LINE, monitoring.DISABLE

    def on_line(code: types.CodeType, line: int) -> object:
        if (code.co_filename, line) not in lines:
            return disable
        return None if runs(sys._getframe(1)) else disable

    monitoring.register_callback(number, event, on_line)
    monitoring.restart_events()
    monitoring.set_events(number, event)

    def end() -> None:
        monitoring.set_events(number, 0)
        monitoring.register_callback(number, event, None)
        monitoring.free_tool_id(number)

    return end


def _by_trace(lines: frozenset[tuple[str, int]], runs: Runs) -> Callable[[], None]:
    paths = {path for path, _ in lines}

    def of_line(frame: types.FrameType, event: str, _: object) -> typing.Any:
        if event == "line" and (frame.f_code.co_filename, frame.f_lineno) in lines:
            runs(frame)
        return of_line

    def of_call(frame: types.FrameType, event: str, _: object) -> typing.Any:
        return of_line if frame.f_code.co_filename in paths else None

    before = sys.gettrace()
    threading.settrace(of_call)
    sys.settrace(of_call)

    def end() -> None:
        threading.settrace(typing.cast(typing.Any, None))
        sys.settrace(before)

    return end
