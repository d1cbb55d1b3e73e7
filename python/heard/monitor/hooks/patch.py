"""Replaces what modules and classes hold, so that it can be put back."""

from __future__ import annotations

import typing
from collections.abc import Callable

Undo = Callable[[], None]
_ABSENT: typing.Any = object()


def replace(owner: typing.Any, name: str, new: typing.Any) -> Undo:
    """Sets an attribute, and returns what puts the old one back.

    If somebody else has replaced it since, theirs is left alone: it probably calls ours, which then must do no more
    than call the one before it.
    """
    old = vars(owner).get(name, _ABSENT)
    setattr(owner, name, new)

    def undo() -> None:
        if vars(owner).get(name, _ABSENT) is not new:
            return
        if old is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, old)

    return undo


def wrapping(new: typing.Any, original: typing.Any) -> typing.Any:
    """Marks a function as what stands around another one, as `functools.wraps` does, and returns it."""
    new.__wrapped__ = original
    return new
