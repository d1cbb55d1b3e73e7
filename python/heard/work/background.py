"""The spawned tasks of a loop: who keeps them, and who may wait for whom."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import typing
from collections.abc import Callable, Coroutine, Generator

from heard.work import told
from heard.work.on_failure import OnFailure, handle

if typing.TYPE_CHECKING:
    from heard.work.supervise import Service

T = typing.TypeVar("T")


class _Origin:
    """A spawned task, to those that come from it."""

    __slots__ = ("has_ended", "task")

    def __init__(self) -> None:
        self.has_ended = False
        #: Not set while it is being made, nor when it has ended.
        self.task: asyncio.Task[typing.Any] | None = None


_Line = tuple[_Origin, ...]


class _Kept:
    """What belongs to one loop."""

    __slots__ = ("draining", "services", "tasks")

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[typing.Any]] = set()
        #: They run until somebody stops them, so nobody waits for their end.
        self.services: dict[asyncio.Task[typing.Any], Service[typing.Any]] = {}
        #: Where each that drains comes from.
        self.draining: list[_Line] = []


class _End:
    """What follows when a spawned task ends."""

    __slots__ = ("kept", "on_failure", "origin", "site")

    def __init__(self, kept: _Kept, origin: _Origin, on_failure: OnFailure, site: int) -> None:
        self.kept = kept
        self.origin = origin
        self.on_failure: OnFailure = on_failure
        self.site = site

    def __call__(self, task: asyncio.Task[typing.Any]) -> None:
        self.origin.has_ended, self.origin.task = True, None
        self.kept.tasks.discard(task)
        self.kept.services.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and not told.is_end(error):
            handle(self.on_failure, "spawn-failed", "spawned task", task, error, self.site)


#: The spawned tasks that the one that runs comes from, the nearest last: tasks that it makes get a copy.
_line: contextvars.ContextVar[_Line] = contextvars.ContextVar("heard.line", default=())


def begin(
    coro: Coroutine[typing.Any, typing.Any, T],
    name: str | None,
    context: contextvars.Context | None,
    on_failure: OnFailure,
    loop: asyncio.AbstractEventLoop,
    site: int,
    *,
    service: Service[typing.Any] | None = None,
) -> asyncio.Task[T]:
    """Makes a task that is kept until it ends; `service` is what it runs for, if it is one of those."""
    kept = _kept(loop)
    origin = _Origin()
    # Those before it that have ended wait for nobody, and a task that spawns its successor would have no end of them.
    line = (*(one for one in _line.get() if not one.has_ended), origin)
    # Python 3.13.0 needs a name: it gives all tasks of a task factory the name 'None'.
    name = name or told.name_of(coro)
    if context is None:
        # Not in a context made here: a task factory of the program's may know no such argument.
        token = _line.set(line)
        try:
            task = loop.create_task(coro, name=name)
        finally:
            _line.reset(token)
    else:
        context.run(_line.set, line)
        task = loop.create_task(coro, name=name, context=context)
    origin.task = task
    if service is None:
        kept.tasks.add(task)
    else:
        kept.services[task] = service
    task.add_done_callback(_End(kept, origin, on_failure, site))
    return task


@contextlib.contextmanager
def draining(loop: asyncio.AbstractEventLoop) -> Generator[Callable[[], set[asyncio.Task[typing.Any]]], None, None]:
    """Gives a function that says whom to wait for, without ever waiting for somebody who waits for us."""
    kept = _kept(loop)
    line = _line.get()

    def awaited() -> set[asyncio.Task[typing.Any]]:
        if all(one.has_ended for one in line):
            # No spawned task can wait for this one.
            return set(kept.tasks)
        waiting = {one.task for other in kept.draining for one in other}
        return {task for task in kept.tasks if task not in waiting}

    kept.draining.append(line)
    try:
        yield awaited
    finally:
        kept.draining.remove(line)


def services_of(loop: asyncio.AbstractEventLoop) -> list[tuple[asyncio.Task[typing.Any], Service[typing.Any]]]:
    """The services of a loop, each with the task that looks after it. May be called in any thread."""
    found: _Kept | None = getattr(loop, "_heard_spawned", None)
    return list(found.services.items()) if found is not None else []


def _kept(loop: asyncio.AbstractEventLoop) -> _Kept:
    """It lives as long as the loop, and not longer: tasks know their loop, so no table could tell."""
    found: _Kept | None = getattr(loop, "_heard_spawned", None)
    if found is None:
        found = _Kept()
        setattr(loop, "_heard_spawned", found)
    return found
