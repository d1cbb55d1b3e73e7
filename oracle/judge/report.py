"""What a run found, as text and as files."""

from __future__ import annotations

import collections
import sys
from pathlib import Path

from generator.program import Program
from generator.single import DIMENSIONS
from judge.compare import Disagreement
from judge.undecided import Undecided

#: The productions that a shrunk program ends up with where they do not matter.
SIMPLEST = {f"{name}: {next(iter(productions))}" for name, productions in DIMENSIONS.items()} | {
    "holder: a local variable"
}


class Report:
    """What was found with one interpreter."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.programs = 0
        self.left_out = 0
        #: Programs that lean on how fast the machine is.
        self.unsteady: list[int] = []
        self.fates: collections.Counter[str] = collections.Counter()
        self.kinds: collections.Counter[str] = collections.Counter()
        #: How often each shrunk program was met.
        self.shapes: collections.Counter[tuple[str, tuple[str, ...]]] = collections.Counter()
        self.undecided: collections.Counter[Undecided] = collections.Counter()
        self.others: collections.Counter[str] = collections.Counter()

    @property
    def agrees(self) -> bool:
        return not self.kinds

    def count(self, program: Program, others: list[str]) -> None:
        """A program has been run."""
        self.programs += 1
        self.fates.update(truth.fate for truth in program.truths)
        self.others.update(others)

    def knows(self, found: Disagreement, program: Program) -> bool:
        """Whether a smaller program was found before that has the same in it; then this one is counted with it."""
        for kind, productions in self.shapes:
            telling = {one for one in productions if one not in SIMPLEST and not one.startswith("sibling")}
            if kind == found.kind and telling and telling <= {*program.productions}:
                self.shapes[kind, productions] += 1
                self.kinds[kind] += 1
                return True
        return False

    def disagrees(self, number: int, small: Program, found: Disagreement, how: str = "") -> None:
        """A program disagrees with the truth, and this is the smallest that does. `how` it was run."""
        self.kinds[found.kind] += 1
        shape = (found.kind, small.productions[1:])
        self.shapes[shape] += 1
        if self.shapes[shape] > 1:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        said = [
            f"# {found.kind}: {found.about}",
            f"# expected: {found.expected}",
            *(f"# got: {line}" for line in found.got.splitlines()),
            f"# on {self.name}, program {number}{how}",
            *(f"# {production}" for production in small.productions),
        ]
        path = self.folder / f"{found.kind.replace(' ', '-')}-{self.name}-{number}.py"
        path.write_text("\n".join([*said, "", small.text()]))
        print(f"{found.kind} on {self.name} in program {number}: {found.about}", file=sys.stderr)
        print(f"    expected {found.expected}, got {found.got}", file=sys.stderr)
        print(f"    {'; '.join(small.productions)}", file=sys.stderr)
        print(f"    {path}", file=sys.stderr, flush=True)

    def summary(self) -> str:
        """What is to be said at the end."""
        fates = ", ".join(f"{count} {fate}" for fate, count in sorted(self.fates.items()))
        lines = [f"{self.name}: {self.programs} programs, of their failures {fates}"]
        if self.left_out:
            lines.append(f"    {self.left_out} programs were left out, or need a newer Python")
        if self.unsteady:
            lines.append(f"    unsteady, a fault of the generator: {', '.join(map(str, self.unsteady))}")
        lines += [f"    {count} {kind}" for kind, count in self.kinds.most_common()]
        lines += [
            f"    {count} undecided: {one.name} ({one.kind}): {one.reason}"
            for one, count in self.undecided.most_common()
        ]
        for (kind, productions), count in self.shapes.most_common():
            telling = [one for one in productions if one not in SIMPLEST]
            lines.append(f"    {count} × {kind}: {'; '.join(telling) or 'the simplest program'}")
        if self.others:
            lines.append(
                "    also told: " + ", ".join(f"{count} {event}" for event, count in self.others.most_common())
            )
        return "\n".join(lines)
