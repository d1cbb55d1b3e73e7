"""What a plot of siblings is, and the rules for what becomes of their failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from generator.piece import HEARD, LOST, QUIET

#: The names of siblings, in the order in which they are started.
NAMES = ("first", "second", "third", "fourth")
#: After how many turns of the loop a sibling ends: far enough from each other for the order to be certain.
TURNS = (0, 8, 16, 24)
FAILS, ENDS, GOES_ON = "fails", "ends", "goes on"


@dataclasses.dataclass(frozen=True)
class Sibling:
    """A piece of work among others."""

    name: str
    turns: int
    #: Whether it fails, ends well, or goes on until it is cancelled.
    outcome: str


Cast = tuple[Sibling, ...]
Fates = Callable[[Cast], dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Plot:
    """What is done with siblings. In the text, `{calls}` are their coroutines, and `§` marks where they are born."""

    name: str
    text: str
    fates: Fates
    call: str = "await {strand}()"
    module: str = ""
    #: Whether a sibling may go on until it is cancelled.
    endless: bool = False
    since: tuple[int, int] = (3, 11)


def failing(cast: Cast) -> list[Sibling]:
    """Those that fail, in the order in which they do."""
    return sorted((one for one in cast if one.outcome == FAILS), key=lambda one: one.turns)


def all_heard(cast: Cast) -> dict[str, str]:
    return {one.name: HEARD for one in failing(cast)}


def all_lost(cast: Cast) -> dict[str, str]:
    return {one.name: LOST for one in failing(cast)}


def earliest_heard(cast: Cast) -> dict[str, str]:
    """The first that comes is raised; the others come while nobody listens any more."""
    return {one.name: HEARD if index == 0 else LOST for index, one in enumerate(failing(cast))}


def earliest_heard_others_cancelled(cast: Cast) -> dict[str, str]:
    return {one.name: HEARD if index == 0 else QUIET for index, one in enumerate(failing(cast))}


def in_order_heard(cast: Cast) -> dict[str, str]:
    """They are awaited one after the other, up to the first that fails."""
    started = [one for one in cast if one.outcome == FAILS]
    return {one.name: HEARD if index == 0 else LOST for index, one in enumerate(started)}


def first_name_heard(cast: Cast) -> dict[str, str]:
    """Only the one that was started first is looked at."""
    return {one.name: HEARD if one.name == NAMES[0] else LOST for one in failing(cast)}
