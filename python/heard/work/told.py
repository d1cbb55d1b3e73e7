"""Failures that the primitives hear themselves: told at once, whether or not the monitor is on."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import typing
from collections.abc import Callable, Coroutine

from heard import _native
from heard.monitor import traces
from heard.record import Event, Failure, Place, new_id

if typing.TYPE_CHECKING:
    from heard.report.reporter import Reporter

#: They pass through everything: they are not failures of a task, but the end of the program.
ENDS = (KeyboardInterrupt, SystemExit)
#: Seconds between two looks at what a storm has held back.
_FLUSH = 10.0

#: An exception that has been told has this attribute. Exceptions cannot be referred to weakly.
_TOLD = "_heard_told"

_own: Reporter | None = None
_flushed = 0.0


def _first_call() -> int:
    # Who imports the package does not pay for what only callers need.
    global called
    from heard.monitor.hooks import births

    _native.keep_calls(4, births.skipped())
    called = _native.called
    return called()


#: The site of the call of a primitive that runs now.
called: Callable[[], int] = _first_call


def born(site: int) -> tuple[Place, ...]:
    """The frames of a call of a primitive, the innermost first."""
    from heard.monitor import places

    return tuple(places.place(code, last) for code, last in _native.call_places(site))


def tell(
    event: Event,
    error: BaseException,
    *,
    rule: str = "",
    lost: bool = False,
    site: int = 0,
    task: str | None = None,
    coroutine: str | None = None,
    why: str = "",
    loop: asyncio.AbstractEventLoop | None = None,
) -> None:
    """Reports a failure. Nothing that goes wrong in here gets into the program."""
    _mark(error)
    _reporter().tell(
        event,
        rule,
        "lost" if lost else None,
        error,
        key=site,
        level=logging.ERROR,
        born=lambda: born(site),
        task=task,
        coroutine=coroutine,
        why=why,
        loop=_loop_name(loop),
        traceparent=traces.traceparent_of(None),
    )


def is_end(error: BaseException | None) -> typing.TypeGuard[BaseException]:
    """Whether it is one of those, by its class, as an `except` has it: what an exception says of its class may be untrue."""
    return issubclass(type(error), ENDS)


def untold(error: BaseException) -> BaseException | None:
    """What of a failure nobody has been told of.

    The exceptions in a group may have been, each when it happened; one that is raised bare is a failure of its own.
    """
    if not _is_group(error):
        return error
    known, rest = error.split(_is_told)
    return error if known is None else rest


def _is_group(error: BaseException) -> typing.TypeGuard[BaseExceptionGroup[BaseException]]:
    """By its class, whatever the exception says of that."""
    return issubclass(type(error), BaseExceptionGroup)


def _is_told(error: BaseException) -> bool:
    try:
        return getattr(error, _TOLD, False) is True
    except Exception:
        # A class whose attributes are broken.
        return False


def _mark(error: BaseException) -> None:
    if _is_group(error):
        for one in error.exceptions:
            _mark(one)
        return
    try:
        setattr(error, _TOLD, True)
    except Exception:
        # A type that takes no attributes: it may be told twice.
        pass


def record(
    event: Event,
    error: BaseException,
    *,
    site: int = 0,
    task: str | None = None,
    coroutine: str | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Failure:
    """The record of a failure, for a function of the program's that wants it instead of a report."""
    from heard.monitor import places

    raised = places.raised(error)
    return Failure(
        event, "", None, new_id(), time.time(), task, coroutine, raised, born(site), loop=_loop_name(loop)
    )


def names(task: asyncio.Task[typing.Any]) -> tuple[str, str | None]:
    """The name of a task, and of its coroutine."""
    from heard.monitor import places

    # `get_coro` crashes CPython 3.12.1 when the task was eager; the attribute does not.
    return task.get_name(), places.coroutine_name(getattr(task, "_coro", None))


def name_of(awaitable: object) -> str | None:
    """What to call the task of an awaitable: the name of its function, and no number."""
    name = getattr(awaitable, "__qualname__", None)
    return name if isinstance(name, str) else None


def rename(coroutine: Coroutine[typing.Any, typing.Any, typing.Any], name: str | None) -> None:
    """Gives a coroutine the name of the one that it wraps."""
    if name is not None:
        typing.cast(typing.Any, coroutine).__qualname__ = name


def _reporter() -> Reporter:
    monitor = sys.modules.get("heard.monitor.install")
    current = monitor.current() if monitor is not None else None
    if current is not None:
        return typing.cast("Reporter", current.reporter)
    return _own_reporter()


def _own_reporter() -> Reporter:
    global _own, _flushed
    if _own is None:
        import atexit

        from heard.report.reporter import Reporter
        from heard.settings import Settings

        _own = Reporter(Settings())
        atexit.register(_own.flush, at_end=True)
    if time.monotonic() - _flushed > _FLUSH:
        _flushed = time.monotonic()
        _own.flush()
    return _own


def _loop_name(loop: asyncio.AbstractEventLoop | None) -> str | None:
    return f"{type(loop).__name__} {id(loop):#x}" if loop is not None else None
