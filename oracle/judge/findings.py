"""What `heard check` says of programs, and whether that is so."""

from __future__ import annotations

import ast
import collections
import dataclasses
import itertools
import json
import subprocess
import typing
from pathlib import Path

from generator import scenes, single
from generator.piece import HEARD, LOST, QUIET, fill, words
from generator.plot import FAILS
from generator.program import Program, Strand
from judge.compare import MISSED, NOISE, Disagreement

#: A finding accuses a failure that is heard, at level default or at level strict.
WRONG, WRONG_STRICT = "wrong finding", "wrong strict finding"
#: The fate of a strand that reads the failures of its cast, where the same lines would lose those of another one.
EITHER = "either"
#: Rules whose findings are not about who hears a failure: the truth of a program says nothing of that.
BESIDE = {"cancelled-as-success", "raising-callback", "unguarded-future-resolve"}


@dataclasses.dataclass(frozen=True)
class Finding:
    """What heard says of a place."""

    rule: str
    level: str
    message: str
    #: The lines that it and its trace lie on, its own first.
    lines: tuple[int, ...]


def check(heard: Path, folder: Path) -> dict[str, list[Finding]]:
    """The findings of all levels in the projects in a folder, by the names of their files."""
    command = [str(heard), "check", "--no-cache", "--level", "preview", "--output-format", "json-lines"]
    command += sorted(one.name for one in folder.iterdir())
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise SystemExit(f"oracle: {heard} check ends with {ran.returncode}: {ran.stderr[-2000:]}")
    found = collections.defaultdict(list)
    for line in ran.stdout.splitlines():
        one = json.loads(line)
        own = range(one["line"], one["end_line"] + 1)
        steps = (step["line"] for step in one["trace"])
        lines = tuple(dict.fromkeys(itertools.chain(own, steps)))
        found[Path(one["path"]).stem].append(Finding(one["rule"], one["level"], one["message"], lines))
    return found


def fate(strand: Strand) -> str:
    """What becomes of a strand's failures, as its text tells it."""
    fates = {truth.fate for truth in strand.piece().truths}
    if LOST in fates:
        return LOST
    if isinstance(strand, scenes.Scene):
        # The text does not tell which siblings fail.
        worst = [dataclasses.replace(one, outcome=FAILS) for one in strand.cast]
        if LOST in scenes.PLOTS[strand.plot].fates(tuple(worst)).values():
            return EITHER
    return HEARD if HEARD in fates else QUIET


def strand_at(program: Program, text: str) -> typing.Callable[[int], Strand | None]:
    """Tells whose a line is; nobody's are the lines of the frame, which runs the strands."""
    owners: dict[int, Strand | None] = {}
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        of_frame = getattr(statement, "name", "").startswith(("main", "part_"))
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
        own = "\n".join(lines[first - 1 : statement.end_lineno]).lower()
        owner = next((one for one in program.strands if one.noun in own and not of_frame), None)
        owners.update(dict.fromkeys(range(first, statement.end_lineno + 1), owner))
    return owners.get


def is_of_watcher(strand: Strand, line: str) -> bool:
    """Whether a line starts a task that waits for the work, and whose own failures are another story."""
    if not isinstance(strand, single.Single):
        return False
    *_, reader = strand.parts()
    watcher = fill(reader.early.partition("{held}")[0], **words(strand.noun, strand.verb, strand.error))
    return bool(watcher) and line.strip().startswith(watcher)


@dataclasses.dataclass(frozen=True)
class Judged:
    """What was found in a program."""

    #: Each with the strand that it is about.
    found: list[tuple[Strand, Disagreement]]
    #: The most trusted level at which each lost strand is told of.
    levels: list[str]
    #: Rules of findings that the truth says nothing about.
    others: list[str]


_LEVELS = ("default", "strict", "preview")


def judge(program: Program, findings: list[Finding]) -> Judged:
    """Whether the findings in a program are those that they should be."""
    text = program.text()
    lines = text.splitlines()
    whose = strand_at(program, text)
    told: dict[Strand, list[Finding]] = {strand: [] for strand in program.strands}
    others = []
    for finding in findings:
        owner = whose(finding.lines[0])
        if owner is None or finding.rule in BESIDE or is_of_watcher(owner, lines[finding.lines[0] - 1]):
            others.append(finding.rule)
        else:
            told[owner].append(finding)
    found, levels = [], []
    for strand, says in told.items():
        truth = fate(strand)
        if truth == LOST:
            levels.append(min((finding.level for finding in says), key=_LEVELS.index, default="not at all"))
            if not says:
                found.append((strand, Disagreement(MISSED, strand.noun, "a finding", "nothing")))
        # What cannot fail in earnest may be told of where that is a matter of policy.
        wrong = [one for one in says if one.level == "default" or one.level == "strict" and truth == HEARD]
        wrong.sort(key=lambda one: _LEVELS.index(one.level))
        if wrong and truth in (HEARD, QUIET):
            kind = NOISE if truth == QUIET else WRONG if wrong[0].level == "default" else WRONG_STRICT
            expected = "nothing: it is heard" if truth == HEARD else "nothing: it never fails"
            told_of = "\n".join(f"line {one.lines[0]}: {one.rule} ({one.level}): {one.message}" for one in wrong)
            found.append((strand, Disagreement(kind, strand.noun, expected, told_of)))
    return Judged(found, levels, others)
