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

from heard._api import failures, install, run, stats, uninstall
from heard._failure import Failure, Place, Raised, Stats
from heard._native import Outcome, __version__

if _typing.TYPE_CHECKING:
    from heard._group import Group
    from heard._map import Map, map
    from heard._outcome import ChildCancelled, split
    from heard._outcomes import outcomes
    from heard._spawn import contained, drain, spawn
    from heard._supervise import Backoff, Service, supervise

__all__ = [
    "Backoff",
    "ChildCancelled",
    "Failure",
    "Group",
    "Map",
    "Outcome",
    "Place",
    "Raised",
    "Service",
    "Stats",
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
    "Backoff": "_supervise",
    "ChildCancelled": "_outcome",
    "Group": "_group",
    "Map": "_map",
    "Service": "_supervise",
    "contained": "_spawn",
    "drain": "_spawn",
    "map": "_map",
    "outcomes": "_outcomes",
    "spawn": "_spawn",
    "split": "_outcome",
    "supervise": "_supervise",
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
