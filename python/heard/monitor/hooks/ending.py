"""Loops that end: asyncio cancels and gathers what is left in them, which is nobody's oversight."""

from __future__ import annotations

import asyncio
import functools
import typing
import weakref

from heard import _native
from heard.monitor import places
from heard.monitor.case import Case
from heard.report.reporter import Reporter

loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def tell_left(reporter: Reporter, task: typing.Any, why: str) -> None:
    """A task is not done when its loop has ended, which is told once."""
    if getattr(task, "_heard_is_left", False):
        return
    try:
        # A weak reference would be gone when the collector takes it.
        task._heard_is_left = True
    except AttributeError:
        # It has no room for attributes.
        pass
    case = Case("task-pending-at-exit", task, _native.birth(task))
    reporter.tell(
        "task-pending-at-exit",
        "unfinished-at-exit",
        None,
        key=case.site,
        born=functools.partial(places.born, case.site),
        why=why,
        **case.fields(task),
    )
