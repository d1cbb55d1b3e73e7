"""Replaces what modules and classes hold, so that it can be put back."""

from __future__ import annotations

import types
import typing
import weakref
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
    # A class of the program's must be able to go, and by its methods all that its module holds.
    return _Put(owner, name, new, old) if isinstance(new, _native.Method) else lambda: _put_back(owner, name, new, old)


class _Put:
    """Puts back what a method of ours stands for, unless its owner has gone."""

    def __init__(self, owner: typing.Any, name: str, new: typing.Any, old: typing.Any) -> None:
        self.owner, self.new = weakref.ref(owner), weakref.ref(new)
        self.name = name
        self.was_there = old is not _ABSENT

    def __call__(self) -> None:
        owner, new = self.owner(), self.new()
        if owner is not None and new is not None:
            _put_back(owner, self.name, new, new.__wrapped__ if self.was_there else _ABSENT)


def _put_back(owner: typing.Any, name: str, new: typing.Any, old: typing.Any) -> None:
    if vars(owner).get(name, _ABSENT) is not new:
        return
    if old is _ABSENT:
        delattr(owner, name)
    elif isinstance(owner, type):
        _native.set_method(owner, name, old)
    else:
        setattr(owner, name, old)


def listen(
    owner: typing.Any,
    name: str,
    *,
    before: Callable[..., object] | None = None,
    after: Callable[..., object] | None = None,
) -> Undo:
    """Calls `before` and `after` with the arguments of each call of a function or method.

    To the program nothing is changed: no frame of ours stands in its tracebacks or around its signal handlers, and what
    it has there can be pickled, inspected and kept in a class as before.
    """
    return replace(owner, name, _native.Method(*_original_of(owner, name), before=before, after=after))


def standing_in(
    owner: typing.Any, name: str, instead: Callable[..., object], after: Callable[..., object] | None = None
) -> typing.Any:
    """A function or method that calls `instead` first, and the original, and `after` that, only if `instead` gives
    `NotImplemented`, or raises."""
    return _native.Method(*_original_of(owner, name), instead=instead, after=after)


def _original_of(owner: typing.Any, name: str) -> tuple[typing.Any, str]:
    """What stands there, and where other processes find it."""
    original = vars(owner)[name] if name in vars(owner) else getattr(owner, name)
    place = f"{owner.__module__}:{owner.__qualname__}.{name}" if isinstance(owner, type) else f"{owner.__name__}:{name}"
    return original, place


def wrapping(new: typing.Any, original: typing.Any) -> typing.Any:
    """Marks a function as what stands around another one, as `functools.wraps` does, and returns it."""
    new.__wrapped__ = original
    return new
