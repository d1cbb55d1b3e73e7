"""A story with one failure, or none: what it tells, and what becomes of the failure."""

from __future__ import annotations

import dataclasses
import random

from generator.incidents import callbacks, generators, servers, threads, timeouts
from generator.parts import Incident
from generator.piece import Piece, Truth, fill, function, marked, words
from generator.words import ERRORS

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

    @property
    def needs_run(self) -> bool:
        return INCIDENTS[self.incident].needs_run

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
    incident = chance.choice(list(INCIDENTS.values()))
    errors = [index for index, (error, _) in enumerate(ERRORS) if error not in incident.never]
    return Story(noun, verb, chance.choice(errors), incident.name)
