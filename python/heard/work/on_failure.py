"""What is done about a failure that a primitive hears: `on_failure`, in the same words everywhere."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Callable

from heard.record import Event, Failure
from heard.work import told
from heard.work.abort import abort

#: "report" says it at once; "abort" also cancels the main task; a function gets the record instead of a report.
OnFailure = typing.Literal["report", "abort"] | Callable[[Failure], object]


def check(on_failure: object, also: tuple[str, ...] = ()) -> None:
    """Refuses what means nothing. `also`: the words that only this primitive knows."""
    words = (*also, "report", "abort")
    if not (isinstance(on_failure, str) and on_failure in words or callable(on_failure)):
        known = ", ".join(f'"{word}"' for word in words)
        raise ValueError(f"on_failure is {known} or a function, not {on_failure!r}")


def handle(
    on_failure: OnFailure, event: Event, what: str, task: asyncio.Task[typing.Any], error: BaseException, site: int
) -> None:
    """Does what was asked for about the failure of a task. `what`: what to call the task."""
    name, coroutine = told.names(task)
    loop = task.get_loop()
    if callable(on_failure):
        failure = told.record(event, error, site=site, task=name, coroutine=coroutine, loop=loop)
        try:
            on_failure(failure)
        except BaseException as another:
            # The failure must not get lost behind one of the function's; that one is the loop's to tell.
            another.add_note(f"while it handled the failure of the {what} {name!r}")
            told.tell(event, error, site=site, task=name, coroutine=coroutine, loop=loop)
            raise
        return
    rest = told.untold(error)
    if rest is not None:
        told.tell(event, rest, site=site, task=name, coroutine=coroutine, loop=loop)
    if on_failure == "abort":
        abort(loop, error, may_stop=not task.cancelling())
