"""Tells of each start, suspension and resumption of coroutines, by the events of the interpreter."""

from __future__ import annotations

import dis
import opcode
import sys
import threading
import types
import typing
from collections.abc import Callable

if typing.TYPE_CHECKING:
    from heard.testing.faults.points import Points

#: Rarely taken ones first. Our own monitor has one, and coverage may have another.
_NUMBERS = (3, 4, 2, 5, 1, 0)

_RESUME = opcode.opmap["RESUME"]
_YIELD_VALUE = opcode.opmap["YIELD_VALUE"]


def watch(watcher: Points) -> Callable[[], None]:
    """Tells `watcher` from now on, in all threads. What it raises is raised in the code that runs, at this place.

    Returns what ends that.

    Raises `RuntimeError` where all numbers of the interpreter's events are taken.
    """
    return _by_events(watcher) if sys.version_info >= (3, 12) else _by_profile(watcher)


def take(name: str) -> int:
    """A number of the interpreter's events, under this name. Raises `RuntimeError` where all are taken."""
    if sys.version_info < (3, 12):
        raise AssertionError("only Python 3.12 and newer have these events")
    for number in _NUMBERS:
        if sys.monitoring.get_tool(number) is None:
            sys.monitoring.use_tool_id(number, name)
            return number
    raise RuntimeError("debuggers and the like have taken all numbers of sys.monitoring: nothing can be injected")


def _by_events(watcher: Points) -> Callable[[], None]:
    if sys.version_info < (3, 12):
        raise AssertionError("only Python 3.12 and newer have these events")
    monitoring = sys.monitoring
    events, disable = monitoring.events, monitoring.DISABLE
    number = take("heard: failures on purpose")
    wants, started, suspended, resumed = watcher.wants, watcher.started, watcher.suspended, watcher.resumed
    ended: typing.Any = watcher.ended
    frame_of = sys._getframe

    def on_start(code: types.CodeType, offset: int) -> object:
        if not wants(code):
            return disable
        started(frame_of(1))
        return None

    def on_yield(code: types.CodeType, offset: int, value: object) -> object:
        if not wants(code):
            return disable
        suspended(frame_of(1), value)
        return None

    def on_resume(code: types.CodeType, offset: int) -> object:
        if not wants(code):
            return disable
        resumed(frame_of(1))
        return None

    def on_return(code: types.CodeType, offset: int, value: object) -> object:
        if not wants(code):
            return disable
        ended(frame_of(1))
        return None

    callbacks: dict[int, typing.Any] = {
        events.PY_START: on_start,
        events.PY_YIELD: on_yield,
        events.PY_RESUME: on_resume,
    }
    if watcher.ended is not None:
        callbacks[events.PY_RETURN] = on_return
    if watcher.handled is not None:
        callbacks[events.EXCEPTION_HANDLED] = watcher.handled
        callbacks[events.RAISE] = callbacks[events.RERAISE] = watcher.raised
    for event, callback in callbacks.items():
        monitoring.register_callback(number, event, callback)
    # What an earlier watch has switched off may be wanted now.
    monitoring.restart_events()
    monitoring.set_events(number, sum(callbacks))

    def end() -> None:
        monitoring.set_events(number, 0)
        for event in callbacks:
            monitoring.register_callback(number, event, None)
        monitoring.free_tool_id(number)

    return end


def _by_profile(watcher: Points) -> Callable[[], None]:
    """What raises in a profile function is raised in the code that runs, and ends the profile of its thread: the next
    function that is called there begins it anew."""
    wants = watcher.wants

    def profile(frame: types.FrameType, event: str, value: object) -> None:
        if event not in ("call", "return") or not wants(frame.f_code):
            return
        try:
            tell(frame, event, value)
        except BaseException:
            with_the_next_call()
            raise

    def tell(frame: types.FrameType, event: str, value: object) -> None:
        code, last = frame.f_code.co_code, frame.f_lasti
        if event == "return":
            if last >= 0 and code[last] == _YIELD_VALUE:
                watcher.suspended(frame, value)
            elif watcher.ended is not None:
                watcher.ended(frame)
        elif last < 0 or code[last] != _RESUME or code[last + 1] & 3 == 0:
            watcher.started(frame)
        else:
            watcher.resumed(frame)

    def with_the_next_call() -> None:
        """Puts the profile in place when this thread next enters a function: it is told of that call as well."""
        traced = sys.gettrace()

        def trace(frame: types.FrameType, event: typing.Any, value: object) -> typing.Any:
            sys.settrace(traced)
            if is_on:
                sys.setprofile(profile)
            return traced(frame, event, value) if traced is not None else None

        sys.settrace(trace)

    is_on = True
    before = sys.getprofile()
    threading.setprofile(profile)
    sys.setprofile(profile)

    def end() -> None:
        nonlocal is_on
        is_on = False
        threading.setprofile(typing.cast(typing.Any, None))
        sys.setprofile(before)

    return end


def exits(code: types.CodeType) -> frozenset[int]:
    """The suspensions, by offset, at which an `async with` ends. What it then waits for is none of its body."""
    found = set()
    is_exit = False
    for instruction in dis.get_instructions(code):
        if instruction.opname == "GET_AWAITABLE":
            # CPython says here what is awaited: 1 stands for the call of `__aenter__`, 2 for that of `__aexit__`.
            is_exit = instruction.arg == 2
        elif instruction.opname == "GET_ANEXT":
            is_exit = False
        elif instruction.opname == "YIELD_VALUE" and is_exit:
            found.add(instruction.offset)
    return frozenset(found)
