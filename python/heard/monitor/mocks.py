"""Coroutines of `unittest.mock.AsyncMock`: which mock they are of, and where that was made."""

from __future__ import annotations

import os
import sys
import types
import typing

from heard.monitor import places
from heard.monitor.hooks.imports import after_import
from heard.monitor.hooks.patch import Undo, Undoing, replace, wrapping

if typing.TYPE_CHECKING:
    from heard.record import Place

#: The function of every coroutine of a mock.
_CALL = "AsyncMockMixin._execute_mock_call"
#: The attribute of a mock in which its place is kept.
_MADE = "_heard_made"
#: Parts of the paths of code that makes mocks for the program.
_TOOLS = tuple(os.path.join(*parts) for parts in (("unittest", "mock.py"), ("contextlib.py",), ("pytest_mock", "")))
_MOST_PARENTS = 50


def note_births() -> Undo:
    """Notes where each mock is made from now on. Returns what takes that back."""
    undo = Undoing()
    undo.append(after_import("unittest.mock", lambda module: undo.append(_note(module.NonCallableMock))))
    return undo.undo


def _note(mock_type: typing.Any) -> Undo:
    original = mock_type.__init__

    def __init__(self: typing.Any, /, *args: typing.Any, **kwargs: typing.Any) -> None:
        original(self, *args, **kwargs)
        self.__dict__[_MADE] = _maker(sys._getframe(1))

    return replace(mock_type, "__init__", wrapping(__init__, original))


def _maker(frame: types.FrameType | None) -> tuple[types.CodeType, int] | None:
    """The instruction that makes a mock; of a decorator that does, the function that it decorates."""
    while frame is not None and any(tool in frame.f_code.co_filename for tool in _TOOLS):
        if frame.f_code.co_name == "patched":
            decorated = getattr(places.value_of(frame, "func"), "__code__", None)
            if isinstance(decorated, types.CodeType):
                return decorated, -1
        frame = frame.f_back
    return (frame.f_code, frame.f_lasti) if frame is not None else None


def mock_of(coroutine: typing.Any) -> tuple[str, tuple[Place, ...]] | None:
    """The name of the mock whose coroutine it is, and where the mock was made, as far as that is known. `None` for all
    other coroutines."""
    if getattr(coroutine, "__qualname__", None) != _CALL:
        return None
    frame = coroutine.cr_frame
    mock = places.value_of(frame, "self") if frame is not None else None
    if mock is None:
        return None
    values: dict[str, typing.Any] = vars(mock)
    name = str(typing.cast(typing.Any, mock)._extract_mock_name())
    for _ in range(_MOST_PARENTS):
        parent = values.get("_mock_new_parent")
        if parent is None:
            break
        values = vars(parent)
    made = values.get(_MADE)
    return name, (places.place(*made),) if made is not None else ()
