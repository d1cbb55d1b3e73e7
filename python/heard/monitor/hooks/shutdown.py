"""Tasks that are unfinished when `asyncio.run` ends, and what becomes of them."""

from __future__ import annotations

import asyncio
import asyncio.runners

from heard.monitor.hooks import ending
from heard.monitor.hooks.cancels import Cancels
from heard.monitor.hooks.patch import Undo, listen
from heard.report.reporter import Reporter


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
            ending.tell_left(reporter, task, "main has returned, and asyncio cancels what is left")
    except Exception:
        # A loop or a task of the program's own making.
        return
