"""The tasks of this process that are not done, of all loops and seen from any thread."""

from __future__ import annotations

import asyncio
import typing

from heard import _native
from heard.monitor.hooks import births

Task = asyncio.Task[typing.Any]


def alive() -> list[Task]:
    """The tasks that are not done."""
    registry = births.registry()
    found: list[typing.Any] = []
    if registry is not None:
        found = [reference() for reference in _copied(registry.data)]
        found += _copied(getattr(asyncio.tasks, "_eager_tasks", ()))
    else:
        found = _native.noted_tasks()
        for loop in {id(task.get_loop()): task.get_loop() for task in found if isinstance(task, asyncio.Task)}.values():
            found += asyncio.all_tasks(loop)
    return list({id(task): task for task in found if isinstance(task, asyncio.Task) and not task.done()}.values())


def _copied(those: typing.Any) -> list[typing.Any]:
    """A copy of a set that other threads change."""
    for _ in range(100):
        try:
            return list(those)
        except RuntimeError:
            # It has changed meanwhile.
            continue
    return []
