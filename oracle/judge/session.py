"""One interpreter and its programs: what is compared, and how a disagreement is shrunk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from generator.program import Program, stated
from judge.compare import Disagreement, check_heard, check_truth, others
from judge.interpreters import Warm, by_command_line, version_of
from judge.shrink import smallest
from judge.runtime import UNDECIDED
from judge.undecided import explained

#: Seconds of grace: longer than any program, or so short that the grace is over before the late readers come.
_GRACES = {True: "3600", False: "0.04"}


@dataclasses.dataclass(frozen=True)
class Judged:
    """What was found in a program."""

    found: list[Disagreement]
    #: Events of records that are about no failure.
    others: list[str]
    #: Whether the truth was another when it was looked for first: the program leans on how fast the machine is.
    unsteady: bool


class Session:
    """The warm interpreters of one Python."""

    def __init__(self, python: str, package: Path | None, work: Path, limit: float) -> None:
        self.python = python
        self.package = package
        self.version = version_of(python)
        self.name = f"{self.version[0]}.{self.version[1]}"
        self.folder = work / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.truth = Warm(python, "truth", package, limit)
        self.heard = Warm(python, "heard", package, limit)

    def judge(self, text: str, name: str, patient: bool, command_line: bool = False) -> Judged:
        """Runs a program twice, and compares."""
        path = self.folder / f"{name}.py"
        path.write_text(text)
        says = stated(text)
        plain = self.truth.run(path)
        wrong = check_truth(says, plain)
        unsteady = bool(wrong)
        if wrong:
            plain = self.truth.run(path)
            wrong = check_truth(says, plain)
        if wrong:
            return Judged(wrong, [], unsteady=False)
        options = ["--grace", _GRACES[patient], "--escalate", "3600"]
        if command_line:
            ran = by_command_line(self.python, self.package, path, options)
        else:
            ran = self.heard.run(path, options)
        judged = Judged(check_heard(says, plain, ran, patient), others(says, ran), unsteady)
        if not judged.found and not unsteady:
            path.unlink()
        return judged

    def shrink(self, program: Program, found: Disagreement, patient: bool) -> Program:
        """A smaller program with the same kind of disagreement."""

        def still(smaller: Program) -> bool:
            if smaller.since > self.version:
                return False
            judged = self.judge(smaller.text(), "shrinking", patient)
            unexplained = [one for one in judged.found if explained(UNDECIDED, smaller.productions, one) is None]
            return found.kind in {one.kind for one in unexplained}

        return smallest(program, still)

    def close(self) -> None:
        """Ends both interpreters."""
        self.truth.close()
        self.heard.close()
