"""Hears every asyncio failure of a running program when it happens.

    import heard

    heard.install()

or, without touching the program, `python -m heard run app.py`.
"""

from __future__ import annotations

import sys as _sys

if "t" in getattr(_sys, "abiflags", ""):
    raise ImportError("heard does not support free-threaded builds of Python: use a build with the interpreter lock")

import typing as _typing

from heard.api import failures, install, run, stats, uninstall
from heard._native import Ok, __version__
from heard.record import Failure, Place, Raised, Stats

if not _typing.TYPE_CHECKING:
    from heard._native import Outcome
if _typing.TYPE_CHECKING:
    from heard.work.group import Group
    from heard.work.map import Map, map
    from heard.work.outcome import ChildCancelled, Either as Outcome, Err, split
    from heard.work.outcomes import outcomes
    from heard.work.ready import TASK_STATUS_IGNORED, TaskStatus
    from heard.work.spawn import contained, drain, spawn
    from heard.work.supervise import Backoff, Service, supervise

__all__ = [
    "TASK_STATUS_IGNORED",
    "Backoff",
    "ChildCancelled",
    "Err",
    "Failure",
    "Group",
    "Map",
    "Ok",
    "Outcome",
    "Place",
    "Raised",
    "Service",
    "Stats",
    "TaskStatus",
    "__version__",
    "contained",
    "drain",
    "failures",
    "install",
    "map",
    "outcomes",
    "run",
    "spawn",
    "split",
    "stats",
    "supervise",
    "uninstall",
]

#: The modules of what is imported when it is first used: who only listens does not wait for it.
_MODULES = {
    "Backoff": "work.supervise",
    "ChildCancelled": "work.outcome",
    "Err": "work.outcome",
    "Group": "work.group",
    "Map": "work.map",
    "Service": "work.supervise",
    "TASK_STATUS_IGNORED": "work.ready",
    "TaskStatus": "work.ready",
    "contained": "work.spawn",
    "drain": "work.spawn",
    "map": "work.map",
    "outcomes": "work.outcomes",
    "spawn": "work.spawn",
    "split": "work.outcome",
    "supervise": "work.supervise",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'heard' has no attribute {name!r}")
    import importlib

    found: object = getattr(importlib.import_module(f"heard.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
