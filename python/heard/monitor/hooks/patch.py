"""Replaces what modules and classes hold, so that it can be put back."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable

from heard import _native

Undo = Callable[[], None]
_ABSENT: typing.Any = object()


class Undoing(list[Undo]):
    """What takes a hook out again. If putting it in raises halfway, what has been put in by then is taken out."""

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: types.TracebackType | None
    ) -> None:
        if kind is not None:
            self.undo()

    def undo(self) -> None:
        """The last one first. One that fails does not keep the others."""
        while self:
            undo = self.pop()
            try:
                undo()
            except Exception:
                # What it has replaced is gone, such as an attribute that somebody has deleted since.
                continue


def replace(owner: typing.Any, name: str, new: typing.Any) -> Undo:
    """Sets an attribute, and returns what puts the old one back. Raises `AttributeError` if there is none to replace.

    If somebody else has replaced it since, theirs is left alone: it probably calls ours, which then must do no more
    than call the one before it.
    """
    getattr(owner, name)
    old = vars(owner).get(name, _ABSENT)
    put = _native.set_method if isinstance(owner, type) else setattr
    put(owner, name, new)

    def undo() -> None:
        if vars(owner).get(name, _ABSENT) is not new:
            return
        if old is _ABSENT:
            delattr(owner, name)
        else:
            put(owner, name, old)

    return undo


def wrapping(new: typing.Any, original: typing.Any) -> typing.Any:
    """Marks a function as what stands around another one, as `functools.wraps` does, and returns it."""
    new.__wrapped__ = original
    return new
