"""Coroutines that were never awaited. Python warns of them, once a line."""

from __future__ import annotations

import dis
import functools
import sys
import types
import typing
import warnings

from heard.monitor import mocks
from heard.monitor.hooks import births
from heard.monitor.hooks.patch import Undo, listen
from heard.monitor.places import place, shown_place
from heard.report.reporter import Reporter

if typing.TYPE_CHECKING:
    from heard.record import Place


def put(reporter: Reporter, origins: int) -> list[Undo]:
    active = True

    def tell(coroutine: typing.Any) -> None:
        # It is called by a finaliser, perhaps while the interpreter ends: what it raises is dropped.
        if active:
            _tell(reporter, coroutine)

    def stop() -> None:
        nonlocal active
        active = False

    undo = [stop, listen(warnings, "_warn_unawaited_coroutine", before=tell)]
    if origins:
        before = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(max(origins, before))
        undo.append(lambda: sys.set_coroutine_origin_tracking_depth(before))
    return undo


def _tell(reporter: Reporter, coroutine: typing.Any) -> None:
    name = getattr(coroutine, "__qualname__", None) or type(coroutine).__name__
    code = getattr(coroutine, "cr_code", None)
    origin_is_ours = code is not None and births.is_skipped(code.co_filename)
    origin = getattr(coroutine, "cr_origin", None)
    holder = None
    born: tuple[Place, ...] = ()
    if origin:
        from heard.record import Place

        # In debug mode, asyncio keeps the frames of its loop as well.
        born = tuple(Place(path, line, function) for path, line, function in origin if not births.is_skipped(path))
    elif not origin_is_ours:
        frame = _dropping_frame()
        if frame is not None:
            # The statement that makes it drops it.
            born, holder = (place(frame.f_code, frame.f_lasti),), "nobody"
    why = "the call makes a coroutine; none of its code has run"
    mock = mocks.mock_of(coroutine)
    if mock is not None:
        mock_name, made = mock
        # Whoever calls it may be right: a mock of a plain function that makes coroutines is wrong itself.
        called = f", which {shown_place(born[0])} has called" if born else ""
        why = f"it is of the mock '{mock_name}'{called}; none of its code has run"
        born, holder = made or born, None if made else holder
    reporter.tell(
        "coroutine-never-awaited",
        "unawaited-coroutine",
        "lost",
        key=born,
        level=30,
        coroutine=name,
        holder=holder,
        born=lambda: born,
        why=why,
    )


def _dropping_frame() -> types.FrameType | None:
    """The frame that has just let go of its last reference, unless a collection may have found it."""
    frame: types.FrameType | None = sys._getframe(0)
    while frame is not None and births.is_skipped(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is not None and _operation(frame.f_code, frame.f_lasti).startswith(("POP_TOP", "STORE_", "DELETE_")):
        return frame
    return None


@functools.lru_cache(maxsize=256)
def _operations(code: types.CodeType) -> dict[int, str]:
    return {instruction.offset: instruction.opname for instruction in dis.get_instructions(code)}


def _operation(code: types.CodeType, last: int) -> str:
    return _operations(code).get(last, "")
