"""Where a task is, and which tasks wait for it."""

from __future__ import annotations

import asyncio
import types
import typing
from collections.abc import Iterable, Iterator

from heard.monitor import awaiting
from heard.record import Place

#: Frames of a suspended task that are told, the innermost ones.
_MOST_FRAMES = 12
#: Futures between a task and those that wait for it, as in `wait_for` around a `gather` around a `shield`; and callbacks
#: of each. A future that everybody waits for has very many.
_MOST_BETWEEN = 50
_MOST_CALLBACKS = 100

Task = asyncio.Task[typing.Any]


def frames_of(task: Task) -> tuple[Place, ...]:
    """The lines at which the coroutine of a task and those that it awaits stand, the innermost first."""
    found: list[Place] = []
    awaited: typing.Any = task.get_coro()
    while awaited is not None and len(found) < 100:
        awaited = awaiting.behind(awaited)
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), None)
        if kind is None:
            break
        frame: types.FrameType | None = getattr(awaited, f"{kind}_frame")
        if frame is not None:
            found.append(place_of(frame))
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return tuple(reversed(found[-_MOST_FRAMES:]))


def place_of(frame: types.FrameType) -> Place:
    return Place(frame.f_code.co_filename, frame.f_lineno or frame.f_code.co_firstlineno, frame.f_code.co_qualname)


def awaited_by(tasks: Iterable[Task]) -> dict[Task, list[Task]]:
    """For each task those that wait for it."""
    tasks = list(tasks)
    waiting = {id(future): task for task in tasks if (future := getattr(task, "_fut_waiter", None)) is not None}
    return {
        task: list(dict.fromkeys(one for one in _waiters(task, waiting, set()) if one is not task)) for task in tasks
    }


def groups_of(task: Task) -> Iterator[typing.Any]:
    """The task groups, of asyncio or of heard, that a task belongs to."""
    for callback in callbacks_of(task):
        owner = getattr(callback, "__self__", None)
        if parent_of(owner) is not None:
            yield owner


def _waiters(future: typing.Any, waiting: dict[int, Task], seen: set[int]) -> Iterator[Task]:
    """`seen` are the futures that have been looked at on the way, and beside it."""
    seen.add(id(future))
    direct = waiting.get(id(future))
    if direct is not None:
        yield direct
    for callback in callbacks_of(future)[:_MOST_CALLBACKS]:
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, asyncio.Task):
            yield owner
        elif (parent := parent_of(owner)) is not None:
            yield parent
        for between in _futures_in(callback):
            if id(between) not in seen and len(seen) < _MOST_BETWEEN:
                yield from _waiters(between, waiting, seen)


def parent_of(owner: object) -> typing.Any:
    """The task that runs the block of a group."""
    if isinstance(owner, asyncio.TaskGroup):
        return getattr(owner, "_parent_task", None)
    if type(owner).__module__ == "heard.work.group":
        return getattr(owner, "_parent", None)
    return None


def callbacks_of(future: typing.Any) -> list[typing.Any]:
    """What is called when a future is done."""
    found: list[tuple[typing.Any, object]] = list(getattr(future, "_callbacks", None) or [])
    return [callback for callback, _ in found]


def _futures_in(callback: typing.Any, is_inner: bool = False) -> Iterator[asyncio.Future[typing.Any]]:
    """The futures that a callback may give an outcome to: how `gather`, `wait`, `shield` and their like are made."""
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:
            # It has no value so far.
            continue
        if isinstance(value, asyncio.Future):
            yield value
        elif isinstance(value, types.FunctionType) and not is_inner:
            # The callback calls it.
            yield from _futures_in(value, is_inner=True)
    for value in getattr(callback, "args", ()) if hasattr(callback, "func") else ():
        if isinstance(value, asyncio.Future):
            yield value
