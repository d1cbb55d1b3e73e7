"""What heard cannot decide, or says on purpose: for each production, the disagreement and the reason."""

from __future__ import annotations

import dataclasses

from judge.compare import MISSED, Disagreement


@dataclasses.dataclass(frozen=True)
class Undecided:
    """A disagreement that is known and explained."""

    production: str
    kind: str
    reason: str
    #: The last Python with it.
    until: tuple[int, int] | None = None


_USED = "the list of outcomes is used, and nobody can tell for what"
_UNSEEN = (
    "3.11 does not tell of a failure when it comes, and a `cancel()` before the next look takes asyncio's mark away"
)
UNDECIDED = (
    Undecided("plot: gather of exceptions of which one is looked at", MISSED, _USED),
    Undecided("reader: cancel", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("reader: cancel in a loop", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("reader: the shutdown's cancel and gather", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("plot: stop cancels only", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("plot: stop cancels, and waits", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("plot: stop cancels, and gathers what it drops", MISSED, _UNSEEN, until=(3, 11)),
    Undecided("incident: a context manager that starts a task, and cancels it", MISSED, _UNSEEN, until=(3, 11)),
)


def explained(productions: tuple[str, ...], found: Disagreement, version: tuple[int, int]) -> Undecided | None:
    """The reason for a disagreement of a program with these productions on a Python, if there is one."""
    for one in UNDECIDED:
        if one.kind == found.kind and one.production in productions and (one.until is None or version <= one.until):
            return one
    return None
