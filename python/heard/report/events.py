"""All that is told of each event, in one table: the rule that explains it, how it is counted, how loud it is, how it reads."""

from __future__ import annotations

import logging
import typing

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

    from heard.record import Event, Stats, Verdict


class Kind(typing.NamedTuple):
    """What is the same for all records of an event."""

    #: The headline, with `{task}`, `{subject}` (the task, or that it is a future), `{of}` (the task that did the work, if
    #: any) and `{coroutine}` filled in.
    head: str
    #: The rule whose page explains it. Empty where a primitive has heard the failure.
    rule: str = ""
    #: The field of `Stats` that counts it; empty if its verdict says that.
    counter: str = ""
    #: How loud it is; `None` if its verdict says that. What is quieter than `logging.INFO` is counted, and written to
    #: the journal, and never logged.
    level: int | None = None


#: For the journal and the count at the end alone.
QUIET = logging.DEBUG

EVENTS: dict[Event, Kind] = {
    "task-failed": Kind("{subject} failed, and nobody hears it", "late-task"),
    "sibling-failed": Kind(
        "{subject} failed beside a gather that has already ended, and nobody hears it", "lost-sibling-failure"
    ),
    "outcomes-ignored": Kind("gathered work{of} failed, and nobody looks at the outcome", "unread-gather"),
    "coroutine-never-awaited": Kind(
        "the coroutine {coroutine} was never awaited", "unawaited-coroutine", "never_awaited", logging.WARNING
    ),
    "task-pending-at-exit": Kind(
        "task {task} was unfinished when its loop ended", "unfinished-at-exit", "unfinished", QUIET
    ),
    "task-destroyed": Kind("task {task} was collected before it was done", "dropped-task", "unfinished"),
    "thread-future-failed": Kind("work for another thread{of} failed, and nobody hears it", "unread-thread-future"),
    "callback-raised": Kind("a callback raised", "raising-callback", "callbacks"),
    # It may be read elsewhere as well: whoever tells the loop has heard it.
    "loop-told": Kind("the event loop was told of a failure", counter="told", level=logging.ERROR),
    "task-swallowed-cancel": Kind(
        "task {task} was cancelled and went on", "swallowed-cancellation", "swallowed", QUIET
    ),
    "spawn-failed": Kind("spawned task {task} failed", counter="told", level=logging.ERROR),
    "child-failed": Kind("task {task} of a group failed", counter="told", level=logging.ERROR),
    "contained-failed": Kind("contained work in task {task} failed", counter="told", level=logging.ERROR),
    "service-failed": Kind("service {task} failed", counter="told", level=logging.ERROR),
    "outcome-unread": Kind("{task} failed, and nobody looks at the outcome", level=logging.ERROR),
}

_LEVELS: dict[Verdict | None, int] = {
    "lost": logging.ERROR,
    "escalated": logging.ERROR,
    "unread": logging.WARNING,
    "retracted": logging.INFO,
}
#: The rule of a task that has failed, by who holds it.
_TASK_RULES = {"none": "dropped-task", "dead": "unread-task"}

#: What to do, in a line, by rule; or by event, where what is told is the outcome of a primitive. The pages of the rules
#: say more.
_ADVICE = {
    "outcome-unread": "match each outcome with Ok and Err, or look at its `error`",
    "dropped-task": "keep the task and await it, start it in a TaskGroup, or let a callback read its exception",
    "unread-task": "await the task, or read its exception in a done callback",
    "late-task": "await the task earlier, or read its exception in a done callback",
    "lost-sibling-failure": "use a TaskGroup, or gather with return_exceptions=True and look at each outcome",
    "unread-gather": "look at each outcome: test it with isinstance(outcome, BaseException)",
    "unawaited-coroutine": "await it, or start a task for it and keep that",
    "unfinished-at-exit": "await the task, or start it in a TaskGroup, before main returns",
    "unread-thread-future": "call result() on the future, or give it a done callback that does",
    "raising-callback": "handle the exception in the callback",
    "swallowed-cancellation": "raise the CancelledError again when the clean-up is done",
}


def rule_of(event: Event, found: str = "") -> str:
    """The rule that explains an event; `found` says who holds the task: "none", "dead" or "live"."""
    rule = EVENTS[event].rule
    return _TASK_RULES.get(found, rule) if event == "task-failed" else rule


def advice_of(event: Event, rule: str) -> str | None:
    """What to do about a record, in a line, if there is something to say."""
    return _ADVICE.get(event, _ADVICE.get(rule))


def level_of(event: Event, verdict: Verdict | None) -> int:
    """How loud a record is, as a level of `logging`."""
    level = EVENTS[event].level
    return level if level is not None else _LEVELS.get(verdict, logging.WARNING)


def counter_of(event: Event, verdict: Verdict | None) -> str:
    """The field of `Stats` that counts a record."""
    return EVENTS[event].counter or ("unread" if verdict == "unread" else "lost")


def lost_of(stats: Stats, totals: Mapping[tuple[Event, str, Verdict | None], int]) -> int:
    """How many were reported as lost, or as escalated: failures of tasks and futures, and what counts elsewhere in
    `Stats` besides, as callbacks that raised and coroutines that were never awaited."""
    return stats.lost + sum(
        count for (event, _, verdict), count in totals.items() if verdict == "lost" and EVENTS[event].counter
    )
