"""What heard cannot decide, or says on purpose: for each production, the disagreement and the reason."""

from __future__ import annotations

import dataclasses

from judge.compare import Disagreement


@dataclasses.dataclass(frozen=True)
class Undecided:
    """A disagreement that is known and explained."""

    #: Of each of these, one is in the program.
    productions: tuple[tuple[str, ...], ...]
    kind: str
    reason: str

    @property
    def name(self) -> str:
        """What a report calls it."""
        others = [f" (or {len(names) - 1} more)" if len(names) > 1 else "" for names in self.productions]
        return " and ".join(names[0] + more for names, more in zip(self.productions, others))

    def is_about(self, productions: tuple[str, ...]) -> bool:
        """Whether a program with these productions has what it needs."""
        return all(not set(names).isdisjoint(productions) for names in self.productions)


def explained(
    known: tuple[Undecided, ...], productions: tuple[str, ...], found: Disagreement
) -> Undecided | None:
    """The reason for a disagreement of a program with these productions, if one is known."""
    return next((one for one in known if one.kind == found.kind and one.is_about(productions)), None)
