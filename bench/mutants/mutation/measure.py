"""Runs the tools over a package before and after it is mutated, and compares what they find."""

import shutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from .draw import rounds
from .mutant import Mutant, Spot, apply
from .packages import Package
from .tools import TOOLS, Finding, Run, ToolFailed

# How near to the mutant a tool reports it; the first is what is asked for.
ON_LINE, IN_FUNCTION, NOWHERE = "line", "function", "none"

# By column of the tables: how near, and what was said.
Outcome = dict[str, tuple[str, list[str]]]

# By column: new findings of a copy with stored tasks that are near none of its mutants.
Elsewhere = dict[str, list[str]]


def measure(
    run: Run, package: Package, mutants: list[Mutant], tools: list[str], elsewhere: Elsewhere
) -> Iterator[tuple[Mutant, Outcome]]:
    """What each tool says of each mutant; what it says elsewhere is added to `elsewhere`."""
    texts = {mutant.path: (run.root / mutant.path).read_text(encoding="utf-8") for mutant in mutants}
    before = {}
    for tool in tools:
        try:
            before[tool] = timed(tool, package, "as it is", run)
        except ToolFailed as error:
            print(f"{package.name}: left out: {error}", file=sys.stderr)
    # By themselves, since a deleted await may be reported far away, and rightly.
    local, stored = ([one for one in mutants if (one.part == "stored") is wanted] for wanted in (False, True))
    dealt = [together for together in rounds(local) + rounds(stored) if together]
    for number, together in enumerate(dealt, 1):
        write(run.root, texts, together)
        outcomes: dict[str, Outcome] = defaultdict(dict)
        for tool in before:
            after = timed(tool, package, f"round {number} of {len(dealt)}", run)
            for column, findings in after.items():
                fresh = new(before[tool][column], findings)
                for mutant in together:
                    outcomes[mutant.key][column] = nearest(mutant, fresh)
                if together[0].part == "stored":
                    strays = [one for one in fresh if not any(is_near(mutant, one) for mutant in together)]
                    elsewhere[column] += [f"{one.path}:{one.line}: {one.rule}: {one.message}" for one in strays]
        write(run.root, texts, [])
        yield from ((mutant, outcomes[mutant.key]) for mutant in together)


def copy(installed: Path, root: Path, folder: str) -> None:
    """A project with nothing in it but the package."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(installed / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (root / "pyproject.toml").write_text('[project]\nname = "mutants"\nversion = "0"\n')


def write(root: Path, texts: dict[str, str], mutants: list[Mutant]) -> None:
    """The files with these mutants in them, and with no others."""
    for path, text in texts.items():
        edits = [edit for mutant in mutants if mutant.path == path for edit in mutant.edits]
        (root / path).write_text(apply(text, edits), encoding="utf-8")


def timed(tool: str, package: Package, what: str, run: Run) -> dict[str, list[Finding]]:
    start = time.monotonic()
    found = TOOLS[tool](run)
    print(f"{package.name}, {what}: {tool}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return found


def new(before: list[Finding], after: list[Finding]) -> list[Finding]:
    """The findings that were not there, or not as often."""
    known = Counter(finding.key for finding in before)
    fresh = []
    for finding in after:
        known[finding.key] -= 1
        if known[finding.key] < 0:
            fresh.append(finding)
    return fresh


def is_near(mutant: Mutant, finding: Finding) -> bool:
    around = (Spot(mutant.function[0], *mutant.function), *mutant.spots)
    return finding.path == mutant.path and any(spot.holds(finding.line, finding.end_line) for spot in around)


def nearest(mutant: Mutant, fresh: list[Finding]) -> tuple[str, list[str]]:
    here = [finding for finding in fresh if finding.path == mutant.path]
    function = Spot(mutant.function[0], *mutant.function)
    for name, spots in ((ON_LINE, mutant.spots), (IN_FUNCTION, (function,))):
        hits = [one for one in here if any(spot.holds(one.line, one.end_line) for spot in spots)]
        if hits:
            return name, [f"{one.line}: {one.rule}: {one.message}" for one in hits]
    return NOWHERE, []
