"""Tasks that are unfinished when `asyncio.run` ends, and what becomes of them."""

from __future__ import annotations

import asyncio
import asyncio.runners
import functools
import logging
import typing

from heard import _gather, _native, _places
from heard._patch import Undo, replace
from heard._reporter import Reporter
from heard._verdicts import Facts


def put(reporter: Reporter) -> list[Undo]:
    runners: typing.Any = asyncio.runners
    original = runners._cancel_all_tasks
    active = True

    def _cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
        if not active:
            original(loop)
            return
        _tell(reporter, loop)
        _gather.ending_loops.add(id(loop))
        try:
            original(loop)
        finally:
            _gather.ending_loops.discard(id(loop))

    def stop() -> None:
        nonlocal active
        active = False

    return [stop, replace(runners, "_cancel_all_tasks", _cancel_all_tasks)]


def _tell(reporter: Reporter, loop: asyncio.AbstractEventLoop) -> None:
    try:
        pending = [task for task in asyncio.all_tasks(loop) if not task.cancelling()]
        for task in sorted(pending, key=lambda task: task.get_name()):
            facts = Facts("task-pending-at-exit", task, _native.birth(task))
            reporter.tell(
                "task-pending-at-exit",
                "unfinished-at-exit",
                None,
                key=facts.site,
                level=logging.INFO,
                born=functools.partial(_places.born, facts.site),
                why="main has returned, and asyncio cancels what is left",
                **facts.as_fields(),
            )
    except Exception:
        # A loop or a task of the program's own making.
        return
