"""Hears every asyncio failure of a running program when it happens.

    import heard

    heard.install()

or, without touching the program, `python -m heard run app.py`.
"""

from __future__ import annotations

# Type checkers take this for `typing.TYPE_CHECKING`. Every Python process below a monitored one comes past here, so
# nothing is imported before it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

    from heard._native import Ok, __version__
    from heard.api import failures, install, run, stats, totals, uninstall
    from heard.record import Failure, Place, Raised, Stats
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
    "totals",
    "uninstall",
]

_MODULES = {
    "Backoff": "work.supervise",
    "ChildCancelled": "work.outcome",
    "Err": "work.outcome",
    "Failure": "record",
    "Group": "work.group",
    "Map": "work.map",
    "Ok": "_native",
    "Outcome": "_native",
    "Place": "record",
    "Raised": "record",
    "Service": "work.supervise",
    "Stats": "record",
    "TASK_STATUS_IGNORED": "work.ready",
    "TaskStatus": "work.ready",
    "__version__": "_native",
    "contained": "work.spawn",
    "drain": "work.spawn",
    "failures": "api",
    "install": "api",
    "map": "work.map",
    "outcomes": "work.outcomes",
    "run": "api",
    "spawn": "work.spawn",
    "split": "work.outcome",
    "stats": "api",
    "supervise": "work.supervise",
    "totals": "api",
    "uninstall": "api",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'heard' has no attribute {name!r}")
    import importlib

    refusal = _refusal()
    if refusal:
        raise ImportError(refusal)
    found: object = getattr(importlib.import_module(f"heard.{module}"), name)
    globals()[name] = found
    return found


def _refusal() -> str:
    """Why nothing can be heard in this interpreter. Empty if that is not so."""
    import _thread
    import sys

    if "t" in getattr(sys, "abiflags", ""):
        return "heard does not support free-threaded builds of Python: use a build with the interpreter lock"
    is_main: typing.Any = getattr(_thread, "_is_main_interpreter", None)
    if is_main is None:
        # Python 3.11.
        interpreters: typing.Any = __import__("_xxsubinterpreters")
        is_main = lambda: interpreters.get_current() == interpreters.get_main()  # noqa: E731
    return "" if is_main() else "heard does not support subinterpreters: use it in the main one"


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
