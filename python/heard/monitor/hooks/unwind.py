"""Sees failures when they leave a task: by the interpreter's events, or by looking again and again."""

from __future__ import annotations

import asyncio
import sys
import time
import typing
import weakref
from collections.abc import Callable

from heard import _native
from heard.monitor.hooks import births
from heard.monitor.hooks.patch import Undo
from heard.monitor.turns import Tasks

#: Tools share six numbers; these are reserved for nobody, and then those that are rarely taken.
_TOOLS = (4, 3, 5, 2)


def put(tasks: Tasks, thrown: Callable[[asyncio.Task[typing.Any]], None]) -> Undo | None:
    """Asks the interpreter to tell. `None` if it cannot: it is too old, or all its tools are taken."""
    if sys.version_info < (3, 12):
        return None
    monitoring = sys.monitoring
    for tool in _TOOLS:
        try:
            monitoring.use_tool_id(tool, "heard")
        except ValueError:
            continue
        break
    else:
        return None
    events = monitoring.events
    on_unwind, on_throw = _native.unwind_callbacks(asyncio.current_task, asyncio.CancelledError, tasks.failed, thrown)
    monitoring.register_callback(tool, events.PY_UNWIND, on_unwind)
    monitoring.register_callback(tool, events.PY_THROW, on_throw)
    monitoring.set_events(tool, events.PY_UNWIND | events.PY_THROW)

    def undo() -> None:
        if monitoring.get_tool(tool) == "heard":
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, events.PY_UNWIND, None)
            monitoring.register_callback(tool, events.PY_THROW, None)
            monitoring.free_tool_id(tool)
        _native.forget_callbacks()

    return undo


class Sweep:
    """Looks for tasks that have failed and that nobody has read, several times a second.

    Tasks that nobody holds say so themselves when they end; this is for the others. It costs a task nothing, where a
    done callback would cost it a third of its time.
    """

    #: Seconds between two looks, and the part of the time that they may take.
    interval = 0.1
    share = 100

    def __init__(self, tasks: Tasks, thrown: Callable[[asyncio.Task[typing.Any]], None]) -> None:
        self.tasks = tasks
        self.thrown = thrown

    def __call__(self) -> float | None:
        registry = births.registry()
        if registry is None:
            return None
        started = time.perf_counter()
        self.look(registry)
        return max(self.interval, (time.perf_counter() - started) * self.share)

    def look(self, registry: typing.Any) -> None:
        for task in _native.unread(registry.data):
            try:
                if isinstance(task._exception, asyncio.CancelledError):
                    continue
                loop = task.get_loop()
                entry = self.tasks.verdicts.held.get(id(task))
                if entry is not None and entry.reference() is task or self.tasks.verdicts.has_told(task):
                    continue
                if loop.is_running():
                    self.tasks.watch(task, loop, threadsafe=True)
                else:
                    self.tasks.look(weakref.ref(task))
            except Exception:
                continue
