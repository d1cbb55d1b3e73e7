"""Sees failures when they leave a task: by the interpreter's events, or by looking again and again."""

from __future__ import annotations

import asyncio
import sys
import time
import typing

from heard import _native
from heard.monitor.hooks import births, tools
from heard.monitor.hooks.patch import Undo
from heard.monitor.tasks import Tasks


def put(tasks: Tasks) -> Undo | None:
    """Asks the interpreter to tell. `None` if it cannot: it is too old, or all its tools are taken."""
    tool = tools.take()
    if tool is None or sys.version_info < (3, 12):
        return None
    monitoring = sys.monitoring
    events = monitoring.events
    on_unwind = _native.unwind_callback(asyncio.current_task, asyncio.CancelledError, tasks.failed)
    monitoring.register_callback(tool, events.PY_UNWIND, on_unwind)
    monitoring.set_events(tool, events.PY_UNWIND)
    tasks.is_told = True
    tasks.verdicts.others.append(tasks.glance)

    def undo() -> None:
        tasks.is_told = False
        if monitoring.get_tool(tool) == tools.NAME:
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, events.PY_UNWIND, None)
        tools.give_back(tool)
        _native.forget_callback()

    return undo


class Sweep:
    """Looks for tasks that have failed and that nobody has read, several times a second.

    Tasks that nobody holds say so themselves when they end; this is for the others. It costs a task nothing, where a
    done callback would cost it a third of its time.
    """

    #: Seconds between two looks, and the part of the time that they may take.
    interval = 0.1
    share = 100

    def __init__(self, tasks: Tasks) -> None:
        self.tasks = tasks

    def __call__(self) -> float | None:
        registry = births.registry()
        if registry is None:
            return None
        # Its own time: on a busy machine it must not look dearer, and so put off the next one, than it is.
        started = time.thread_time()
        self.look(registry)
        return max(self.interval, (time.thread_time() - started) * self.share)

    def look(self, registry: typing.Any) -> None:
        for task in _native.unread(registry.data):
            try:
                # If the loop does not run, it is found closed or turns later.
                self.tasks.watch(task, task.get_loop(), threadsafe=True)
            except Exception:
                continue
