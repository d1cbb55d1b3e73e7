"""Draws programs: the same seed and number give the same one."""

from __future__ import annotations

import random

from generator import incident, scenes, single
from generator.frames import FRAMES
from generator.program import Program, Strand
from generator.words import NOUNS, VERBS

#: How a strand is drawn, and how often.
KINDS = ((single.draw, 10), (scenes.draw, 4), (incident.draw, 3))


def program(seed: int, number: int) -> Program:
    """The program of this number."""
    chance = random.Random(f"{seed}/{number}")
    nouns = chance.sample(NOUNS, 3)
    strands = [_strand(chance, noun) for noun in nouns[: chance.choices((1, 2, 3), (6, 3, 1))[0]]]
    frame = chance.choice(list(FRAMES)) if chance.random() < 0.5 else "run"
    if frame == "eager tasks" and not all(isinstance(strand, single.Single) for strand in strands):
        # Siblings count on the turns after which they end.
        frame = "run"
    if frame == "a loop of its own" and any(strand.needs_run for strand in strands):
        frame = "Runner"
    return Program(tuple(strands), frame)


def _strand(chance: random.Random, noun: str) -> Strand:
    draw = chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
    return draw(chance, noun, chance.choice(VERBS))
