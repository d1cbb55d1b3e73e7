"""Tasks that are unfinished when `asyncio.run` ends, and what becomes of them."""

from __future__ import annotations

import asyncio
import asyncio.runners
import functools
import typing

from heard import _native
from heard.monitor import places
from heard.monitor.hooks import ending
from heard.monitor.hooks.cancels import Cancels
from heard.monitor.hooks.patch import Undo, listen
from heard.report.reporter import Reporter
from heard.monitor.case import Case


def put(reporter: Reporter, cancels: Cancels) -> list[Undo]:
    active = True

    def begins(loop: asyncio.AbstractEventLoop) -> None:
        if not active:
            return
        if reporter.settings.listener is not None:
            cancels.look_at_rest(loop)
        _tell(reporter, loop)
        ending.loops.add(loop)

    def stop() -> None:
        nonlocal active
        active = False

    return [stop, listen(asyncio.runners, "_cancel_all_tasks", before=begins, after=ending.loops.discard)]


def _tell(reporter: Reporter, loop: asyncio.AbstractEventLoop) -> None:
    try:
        pending = [task for task in asyncio.all_tasks(loop) if not task.cancelling()]
        for task in sorted(pending, key=lambda task: task.get_name()):
            case = Case("task-pending-at-exit", task, _native.birth(task))
            reporter.tell(
                "task-pending-at-exit",
                "unfinished-at-exit",
                None,
                key=case.site,
                born=functools.partial(places.born, case.site),
                why="main has returned, and asyncio cancels what is left",
                **case.fields(task),
            )
    except Exception:
        # A loop or a task of the program's own making.
        return
