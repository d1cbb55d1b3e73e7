"""Who holds a failed future, and whether that means that it may be read."""

from __future__ import annotations

import asyncio.events
import asyncio.tasks
import functools
import types
import typing
import weakref
from collections.abc import Callable

from heard import _native
from heard.monitor import liveness
from heard.monitor.case import Reference

#: A search for tasks to look at takes a while with very many of them; those beyond are not looked at.
_MOST_TASKS = 5000


def _code_within(function: typing.Any, name: str) -> types.CodeType | None:
    """The code of a function that is defined in another one."""
    constants = getattr(getattr(function, "__code__", None), "co_consts", ())
    return next((one for one in constants if isinstance(one, types.CodeType) and one.co_name == name), None)


#: What `gather` calls when a child ends, `shield` when what it shields does, and `wait` when one of many does. They refer
#: to futures, and read some of them, on nobody's behalf.
GATHER_DONE = _code_within(asyncio.tasks.gather, "_done_callback")
WAIT_DONE = _code_within(getattr(asyncio.tasks, "_wait", None), "_on_completion")
SHIELD_DONE = _code_within(asyncio.tasks.shield, "_inner_done_callback")
_CODES = tuple(code for code in (GATHER_DONE,) if code is not None)
_GATHERING: type | None = getattr(asyncio.tasks, "_GatheringFuture", None)
_SUSPENDABLE = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


def gathering_of(function: typing.Any) -> typing.Any:
    """The future of the `gather` whose callback this is, or `None`."""
    if type(function) is not types.FunctionType or function.__code__ is not GATHER_DONE:
        return None
    code = function.__code__
    try:
        return (function.__closure__ or ())[code.co_freevars.index("outer")].cell_contents
    except (ValueError, IndexError, TypeError):
        return None


class _LastWords:
    """Any class like this: who goes with a last word may read what it holds."""

    def __del__(self) -> None: ...


def _ask(
    reference: weakref.ref[typing.Any], holder: typing.Any, value: object, count: int
) -> tuple[str, str | None]:
    """What somebody who refers to a value, by which the future is reached, will do with it."""
    if isinstance(holder, _SUSPENDABLE):
        return liveness.fate_of_value(holder, value, count)
    gathering = gathering_of(holder) if isinstance(holder, types.FunctionType) else holder
    if gathering is None:
        return "live", None
    if not gathering.done():
        # One that waits for the task of somebody who holds the future hands on nothing of that.
        is_child = any(child is reference() for child in gathering._children)
        return "waits" if is_child else "live", None
    # It is done with its children, unless it has a list that nobody has taken so far.
    return ("live", None) if getattr(gathering, "heard_failed", None) is not None else ("spent", None)


def _known() -> tuple[object, ...]:
    now: type | None = getattr(asyncio.tasks, "_GatheringFuture", None)
    handles = (asyncio.events.Handle, asyncio.events.TimerHandle)
    # A class that stands in for asyncio's own derives from it, and not always from what `asyncio.Future` is by now.
    classes = now.__mro__ if now is not None else ()
    gatherings = tuple(one for one in classes if _GATHERING is not None and issubclass(one, _GATHERING))
    return _SUSPENDABLE, gatherings, types.FunctionType, _CODES, handles, _LastWords


def holders(reference: weakref.ref[typing.Any], tasks: Callable[[], list[typing.Any]] | None) -> tuple[str, str | None]:
    """Who holds it: a pair of a word and a text.

    "none": nobody. "dead": a variable, which is named, and which nothing reads any more. "waits": a `gather` that hands
    it on. "later": the analysis of the code takes longer than a loop may wait. "live": somebody, or nobody knows.
    Without `tasks`, which gives those whose variables may hold it, only the reference count is looked at.
    """
    known, ask = _known(), functools.partial(_ask, reference)
    try:
        if tasks is None:
            return _native.holders(reference, [], None, known, ask)
        found, holder = _native.holders(reference, [], None, known, ask)
        if found == "none":
            return found, holder
        return _native.holders(reference, foreign(reference), tasks()[:_MOST_TASKS], known, ask)
    except Exception:
        # A type of the program's broke the search, for example by a `__class__` that raises.
        return "live", None


def foreign(reference: weakref.ref[typing.Any]) -> list[typing.Any]:
    """The weak references of the program to an object: who reaches one of them can read it while it lives."""
    future = reference()
    return [one for one in weakref.getweakrefs(future) if not isinstance(one, Reference) and not _is_registry(one)]


def _is_registry(one: typing.Any) -> bool:
    """Whether a weak reference says whose birth was noted, or belongs to asyncio's set of tasks: nobody reads those."""
    callback = one.__callback__
    if callback is _native.noted:
        return True
    registries = [getattr(asyncio.tasks, name, None) for name in ("_scheduled_tasks", "_all_tasks")]
    owner: typing.Any = getattr(callback, "__self__", None)
    if owner is None:
        # The function that a weak set makes has a weak reference to the set as a default.
        first = next(iter(getattr(callback, "__defaults__", None) or ()), None)
        owner = first() if isinstance(first, weakref.ref) else None
    return owner is not None and any(owner is registry for registry in registries)
