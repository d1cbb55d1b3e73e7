"""Which mutants are made, and in which round: two in one function would disturb each other."""

import math
import random
from pathlib import Path

from . import awaits, reads, source
from .mutant import Mutant, stands
from .packages import Package

# With more mutants than this in one copy, they begin to change each other's types.
MOST_IN_A_ROUND = 70


def draw(installed: Path, packages: list[Package], counts: tuple[int, int], seed: int) -> dict[str, list[Mutant]]:
    """The mutants by package: as many deleted awaits a package, and as many deleted readings in all."""
    awaited, read = counts
    drawn: dict[str, list[Mutant]] = {}
    readings: list[Mutant] = []
    for package in packages:
        awaitings: list[Mutant] = []
        for file in source.read(installed, package.folder):
            readings += [one for one in reads.candidates(package.name, file) if stands(file.text, one.edits)]
            if package.awaits:
                found = awaits.candidates(package.name, file)
                awaitings += [one for one in found if stands(file.text, one.edits)]
        drawn[package.name] = sample(awaitings, awaited, f"{seed} await {package.name}")
    for mutant in sample(readings, read, f"{seed} read"):
        drawn[mutant.package].append(mutant)
    return drawn


def sample(mutants: list[Mutant], count: int, seed: str) -> list[Mutant]:
    ordered = sorted(mutants, key=lambda mutant: mutant.key)
    return random.Random(seed).sample(ordered, min(count, len(ordered)))


def rounds(mutants: list[Mutant]) -> list[list[Mutant]]:
    """Deals the mutants out: each function at most once a round, the rounds about equally long."""
    most = max((sum(same_function(one, other) for other in mutants) for one in mutants), default=0)
    dealt: list[list[Mutant]] = [[] for _ in range(max(most, math.ceil(len(mutants) / MOST_IN_A_ROUND)))]
    for mutant in mutants:
        free = [one for one in dealt if not any(same_function(mutant, other) for other in one)]
        min(free, key=len).append(mutant)
    return dealt


def same_function(one: Mutant, other: Mutant) -> bool:
    return (one.path, one.function) == (other.path, other.function)
