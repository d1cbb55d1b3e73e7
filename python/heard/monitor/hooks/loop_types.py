"""Every class of event loops: asyncio's, and those of others, whoever they are and whenever they are imported."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Callable

from heard.monitor.hooks.patch import Undo, replace

Put = Callable[[typing.Any], Undo]


def on_each(method: str, put: Put) -> Undo:
    """Calls `put` with each class of loops that has a `method` of its own, now and when one is made later.

    A class that takes the method from a base that is no loop, as uvloop's does, has it of its own as well.
    """
    undo: list[Undo] = []

    def found(loop_type: type) -> None:
        owner = next((base for base in loop_type.__mro__ if method in vars(base)), None)
        is_hooked = owner is None or owner is not loop_type and issubclass(owner, asyncio.AbstractEventLoop)
        if not is_hooked:
            try:
                undo.append(put(loop_type))
            except TypeError:
                # A class of an extension that takes no attributes.
                pass

    _listeners.append(found)
    if len(_listeners) == 1:
        global _put_back
        _put_back = replace(asyncio.AbstractEventLoop, "__init_subclass__", classmethod(_made))
    for loop_type in _below(asyncio.AbstractEventLoop):
        found(loop_type)

    def stop() -> None:
        _listeners.remove(found)
        if not _listeners and _put_back is not None:
            _put_back()
        for one in reversed(undo):
            one()

    return stop


_listeners: list[Callable[[type], None]] = []
#: Puts back what `on_each` has replaced.
_put_back: Undo | None = None


def _made(cls: typing.Any, /, **options: typing.Any) -> None:
    super(asyncio.AbstractEventLoop, cls).__init_subclass__(**options)
    for found in list(_listeners):
        found(cls)


def _below(base: type) -> list[type]:
    """All classes below this one, each after those that it comes from."""
    seen: dict[type, None] = {}
    left = [base]
    for one in left:
        for below in one.__subclasses__():
            if below not in seen:
                seen[below] = None
                left.append(below)
    return sorted(seen, key=lambda loop_type: len(loop_type.__mro__))
