"""Which mutants are made, and in which round: two in one function would disturb each other."""

import math
import random
from pathlib import Path

from . import awaits, reads, source, stored
from .mutant import Mutant, stands
from .packages import Package
from .slots import Surroundings

# With more mutants than this in one copy, they begin to change each other's types.
MOST_IN_A_ROUND = 70

# As many rounds are needed as mutants are in one function, so no function gets more.
MOST_IN_A_FUNCTION = 4


def draw(installed: Path, packages: list[Package], count: int, seed: int) -> dict[str, list[Mutant]]:
    """The mutants by package: so many deleted awaits a package, and so many deleted readings, of local and of
    stored tasks, in all."""
    drawn: dict[str, list[Mutant]] = {}
    readings: list[Candidate] = []
    storings: list[Candidate] = []
    for package in packages:
        awaitings: list[Candidate] = []
        surroundings = Surroundings.of(installed, package.folder)
        for file in source.read(installed, package.folder, awaits.WORDS if package.awaits else reads.WORDS):
            readings += [(one, file.text) for one in reads.candidates(package.name, file)]
            if any(word in file.text for word in stored.WORDS):
                storings += [(one, file.text) for one in stored.candidates(package.name, file, surroundings)]
            if package.awaits:
                awaitings += [(one, file.text) for one in awaits.candidates(package.name, file)]
        drawn[package.name] = sample(awaitings, count, f"{seed} await {package.name}")
    for mutant in sample(readings, count, f"{seed} read"):
        drawn[mutant.package].append(mutant)
    for mutant in sample(storings, count, f"{seed} stored"):
        drawn[mutant.package].append(mutant)
    return drawn


# A mutant with the text of its file.
Candidate = tuple[Mutant, str]


def sample(candidates: list[Candidate], count: int, seed: str) -> list[Mutant]:
    """A random choice of those that are still Python."""
    ordered = sorted(candidates, key=lambda candidate: candidate[0].key)
    random.Random(seed).shuffle(ordered)
    chosen: list[Mutant] = []
    for mutant, text in ordered:
        crowded = sum(same_function(mutant, other) for other in chosen) >= MOST_IN_A_FUNCTION
        if len(chosen) < count and not crowded and stands(text, mutant.edits):
            chosen.append(mutant)
    return chosen


def rounds(mutants: list[Mutant]) -> list[list[Mutant]]:
    """Deals the mutants out: each function at most once a round, the rounds about equally long."""
    most = max((sum(same_function(one, other) for other in mutants) for one in mutants), default=0)
    dealt: list[list[Mutant]] = [[] for _ in range(max(most, math.ceil(len(mutants) / MOST_IN_A_ROUND)))]
    for mutant in sorted(mutants, key=lambda one: -sum(same_function(one, other) for other in mutants)):
        free = [one for one in dealt if not any(same_function(mutant, other) for other in one)]
        min(free, key=len).append(mutant)
    return dealt


def same_function(one: Mutant, other: Mutant) -> bool:
    """Whether their functions are the same; of what is stored, the classes, which have functions inside."""
    (first, last), (begin, end) = one.function, other.function
    return (one.package, one.path) == (other.package, other.path) and first <= end and begin <= last
