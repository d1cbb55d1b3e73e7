"""What heard cannot decide, or says on purpose: for each production, the disagreement and the reason."""

from __future__ import annotations

import dataclasses

from judge.compare import MISSED, Disagreement


@dataclasses.dataclass(frozen=True)
class Undecided:
    """A disagreement that is known and explained."""

    #: All of them are in the program.
    productions: tuple[str, ...]
    kind: str
    reason: str

    @property
    def name(self) -> str:
        """What a report calls it."""
        return " and ".join(self.productions)


_USED = "the list of outcomes is used, and nobody can tell for what"
_MEANT = "a library that gives a future a failure, and then cancels it, says that nobody has to read it"
UNDECIDED = (
    Undecided(("plot: gather of exceptions of which one is looked at",), MISSED, _USED),
    Undecided(("birth: a future", "reader: cancel"), MISSED, _MEANT),
    Undecided(("birth: a future", "reader: cancel in a loop"), MISSED, _MEANT),
    Undecided(("birth: a future", "reader: the shutdown's cancel and gather"), MISSED, _MEANT),
)


def explained(productions: tuple[str, ...], found: Disagreement) -> Undecided | None:
    """The reason for a disagreement of a program with these productions, if there is one."""
    for one in UNDECIDED:
        if one.kind == found.kind and set(one.productions) <= set(productions):
            return one
    return None
