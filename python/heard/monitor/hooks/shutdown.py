"""Tasks that are unfinished when `asyncio.run` ends, and what becomes of them."""

from __future__ import annotations

import asyncio
import asyncio.runners
import functools
import logging
import typing

from heard import _native
from heard.monitor import places
from heard.monitor.hooks import gather
from heard.monitor.hooks.patch import Undo, replace
from heard.report.reporter import Reporter
from heard.monitor.case import Facts


def put(reporter: Reporter) -> list[Undo]:
    runners: typing.Any = asyncio.runners
    original = runners._cancel_all_tasks
    active = True

    def _cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
        if not active:
            original(loop)
            return
        _tell(reporter, loop)
        gather.ending_loops.add(id(loop))
        try:
            original(loop)
        finally:
            gather.ending_loops.discard(id(loop))

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
                born=functools.partial(places.born, facts.site),
                why="main has returned, and asyncio cancels what is left",
                **facts.as_fields(),
            )
    except Exception:
        # A loop or a task of the program's own making.
        return
