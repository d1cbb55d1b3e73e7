"""A story with one failure, or none: what it tells, and what becomes of the failure."""

from __future__ import annotations

import dataclasses
import random

from generator.incidents import callbacks, generators, servers, threads, timeouts
from generator.parts import Incident
from generator.piece import Piece, Truth, fill, function, marked, words

#: By name.
INCIDENTS: dict[str, Incident] = {
    incident.name: incident
    for incident in (
        *callbacks.INCIDENTS, *generators.INCIDENTS, *servers.INCIDENTS, *threads.INCIDENTS, *timeouts.INCIDENTS,
    )
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Story:
    """An incident, and what it is about."""

    noun: str
    verb: str
    error: int
    incident: str

    @property
    def productions(self) -> tuple[str, ...]:
        return (f"incident: {self.incident}",)

    def piece(self) -> Piece:
        incident = INCIDENTS[self.incident]
        filled = words(self.noun, self.verb, self.error)
        truth = Truth(filled["message"], incident.fate)
        module = marked(fill(incident.module, **filled), truth)
        strand = function(filled["strand"], marked(fill(incident.text, **filled), truth))
        return Piece(tuple(part for part in (module, strand) if part), f"await {filled['strand']}()", (truth,))

    def simpler(self) -> list[Story]:
        """A story cannot be told shorter."""
        return []


def draw(chance: random.Random, noun: str, verb: str) -> Story:
    """Any story."""
    return Story(noun, verb, chance.randrange(8), chance.choice(list(INCIDENTS)))
