"""What a suspended coroutine will do with its variables, and with what it waits for. Asked only of failures."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import types
import typing

from heard.monitor.flow import MEASURES, Flow, flow, flow_at_once, is_out_of_proportion
from heard.monitor.places import REFLECTION, traceback_of, value_of


def _suspended(coroutine: typing.Any) -> types.FrameType | None:
    """The frame of a suspended coroutine, generator or asynchronous generator."""
    for prefix in ("cr", "gi", "ag"):
        if hasattr(coroutine, f"{prefix}_frame"):
            running = getattr(coroutine, f"{prefix}_running")
            frame: types.FrameType | None = getattr(coroutine, f"{prefix}_frame")
            # An asynchronous generator counts as running while somebody waits for it, suspended or not.
            return None if running and prefix != "ag" else frame
    return None


def _usual_references() -> int:
    """How often a frame is referred to that nobody has but its coroutine, and one function that asks."""
    suspended = (None for _ in ())
    frame = _suspended(suspended)
    return _references(frame)


def _references(frame: types.FrameType | None) -> int:
    return sys.getrefcount(frame)


_USUAL = _usual_references()
#: Objects that are looked at for failed futures.
_MOST_HELD = 500


def _shown_by(frame: types.FrameType, value: object) -> int:
    """How often tracebacks of failed futures that a value holds refer to a frame, by themselves or as where a function that
    has ended was called from: who has them has the value."""
    held = [value]
    for holder in held:
        if len(held) < _MOST_HELD and not isinstance(holder, _NO_HOLDERS):
            held.extend(gc.get_referents(holder))
    entries: dict[int, types.TracebackType] = {}
    for future in held[:_MOST_HELD]:
        exception = getattr(future, "_exception", None) if isinstance(future, asyncio.Future) else None
        traceback = traceback_of(exception) if exception is not None else None
        while traceback is not None:
            entries[id(traceback)] = traceback
            traceback = traceback.tb_next
    callees: dict[int, types.FrameType] = {}
    for entry in entries.values():
        one: types.FrameType | None = entry.tb_frame
        while one is not None and one is not frame and id(one) not in callees:
            callees[id(one)] = one
            one = one.f_back
    shown = sum(entry.tb_frame is frame for entry in entries.values())
    return shown + sum(one.f_back is frame for one in callees.values())


#: What is not looked into: behind it lies what the variable does not hold alone.
_NO_HOLDERS = (asyncio.Future, asyncio.AbstractEventLoop, type, types.ModuleType, types.FunctionType, types.CoroutineType)


def fate_of_value(coroutine: typing.Any, value: object, count: int) -> tuple[str, str | None]:
    """What becomes of a value that a suspended coroutine refers to, `count` times.

    "dead" and the variable, if it never reads that variable again; "later" if its code has to be analysed first; else
    "live": it may read it, or refers to it in another way.
    """
    frame = _suspended(coroutine)
    if frame is None:
        return "live", None
    code = frame.f_code
    if not REFLECTION.isdisjoint(code.co_names) or is_out_of_proportion(code):
        return "live", None
    others = _references(frame) - _USUAL
    if others > 0 and others > _shown_by(frame, value):
        # The traceback of an exception that is kept has it, for example: who shows that may read all variables.
        return "live", None
    names = [name for name in code.co_varnames if name not in code.co_cellvars and value_of(frame, name) is value]
    # On Python up to 3.12, a look at all variables leaves a copy of them in the frame.
    if len(names) != count:
        return "live", None
    found = flow_at_once(code)
    if found is None:
        return "later", None
    index = found.index.get(frame.f_lasti)
    if index is None or any(found.is_live(index, name) for name in names):
        return "live", None
    return "dead", f"the variable `{names[0]}` of {code.co_qualname}"


class Halt(typing.NamedTuple):
    """Where a frame awaits something, or is about to."""

    code: types.CodeType
    last: int
    #: Whether its module has functions of its own by the names of those that measure a list.
    measures: bool


def halt_of(frame: types.FrameType | None) -> Halt | None:
    """Where a frame is now; it may go on meanwhile."""
    return Halt(frame.f_code, frame.f_lasti, not MEASURES.isdisjoint(frame.f_globals)) if frame is not None else None


def halts_of(coroutines: list[typing.Any]) -> list[Halt | None]:
    """Where coroutines are, or `None` for those that are not suspended."""
    return [halt_of(_suspended(coroutine)) for coroutine in coroutines]


def fate_of_result(
    halts: list[Halt | None], failed: int, is_internal: typing.Callable[[types.CodeType], bool]
) -> str:
    """What becomes of the list that is awaited at the last of these, each of which awaits the next.

    "dropped", "unread" (kept under a name that is never read), "later" (the code has to be analysed first), or "used",
    which includes whatever is not understood. `failed` is the index of the element in question.
    """
    for halt in reversed(halts):
        if halt is None:
            return "used"
        if is_internal(halt.code):
            # `wait_for` and its like return what they wait for; a generator does not.
            if halt.code.co_flags & inspect.CO_ASYNC_GENERATOR:
                return "used"
            continue
        found = flow_at_once(halt.code)
        if found is None:
            return "used" if is_out_of_proportion(halt.code) else "later"
        index = found.after_await(halt.last)
        if index is None or index >= len(found.instructions):
            return "used"
        if not halt.measures and REFLECTION.isdisjoint(halt.code.co_names):
            index = found.after_copies(index)
            if index is None:
                return "used"
        operation = found.instructions[index]
        if operation.opname == "POP_TOP":
            return "dropped"
        if operation.opname == "RETURN_VALUE":
            continue
        if not halt.measures and found.takes_measure(index):
            return "unread"
        if not REFLECTION.isdisjoint(halt.code.co_names):
            return "used"
        if found.passes_over(index):
            return "unread"
        if operation.opname == "STORE_FAST":
            is_used = found.is_live if halt.measures else found.is_looked_into
            return "used" if is_used(index, operation.argval) else "unread"
        if operation.opname in ("UNPACK_SEQUENCE", "UNPACK_EX"):
            return _unpacked(found, index, failed)
        return "used"
    return "used"


def _unpacked(found: Flow, index: int, failed: int) -> str:
    names: list[str] = []
    operation = found.instructions[index]
    wanted = operation.arg or 0
    starred = wanted
    if operation.opname == "UNPACK_EX":
        # So many before the starred one, and so many behind it.
        starred, behind = wanted & 0xFF, wanted >> 8
        wanted = starred + 1 + behind
    for at in range(index + 1, min(index + 1 + wanted, len(found.instructions))):
        operation = found.instructions[at]
        if operation.opname == "STORE_FAST":
            names.append(operation.argval)
        elif operation.opname == "POP_TOP":
            names.append("")
        else:
            return "used"
        if len(names) >= wanted:
            # What is behind the first names is in one of the others: they are not counted from the end.
            takers = names[failed : failed + 1] if failed < starred else names[starred:]
            is_unread = bool(takers) and not any(name and found.is_live(at, name) for name in takers)
            return "unread" if is_unread else "used"
    return "used"


def goes_on(coroutines: list[typing.Any]) -> bool:
    """Whether coroutines, each of which waits for the next, work on after a cancellation.

    They do if the outermost one is within a loop and none is within a handler, a `finally` or the end of a `with`: what
    stands there is a clean-up, and may take as long as it likes.
    """
    for depth, coroutine in enumerate(coroutines):
        frame = _suspended(coroutine)
        found = flow(frame.f_code) if frame is not None else None
        index = found.index.get(frame.f_lasti) if frame is not None and found is not None else None
        if found is None or frame is None or index is None or found.handled[index] > 0:
            return False
        # Task groups wait for their children whatever happens.
        if frame.f_code.co_name == "__aexit__":
            return False
        send = found.send_of(frame.f_lasti)
        # An `await` is a small loop itself, so the question is about what comes after it.
        after = found.after_await(frame.f_lasti)
        if depth == 0 and (send is None or after is None or not found.reaches(after, send)):
            return False
    return bool(coroutines)
