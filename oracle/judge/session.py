"""One interpreter and its programs: what is compared, and how a disagreement is shrunk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from generator.program import Program, stated
from judge.compare import GENERATOR, Disagreement, check_heard, check_truth, others
from judge.interpreters import Ran, Warm, by_command_line, version_of

#: Seconds of grace: longer than any program, or so short that the grace is over before the late readers come.
_GRACES = {True: "3600", False: "0.04"}
#: Runs that a program may take while it is shrunk.
_SHRINKING = 150


@dataclasses.dataclass(frozen=True)
class Judged:
    """What was found in a program."""

    found: list[Disagreement]
    #: Events of records that are about no failure.
    others: list[str]


class Session:
    """The warm interpreters of one Python."""

    def __init__(self, python: str, package: Path, work: Path, limit: float) -> None:
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
        if wrong:
            return Judged(wrong, [])
        options = ["--grace", _GRACES[patient], "--escalate", "3600"]
        if command_line:
            ran = by_command_line(self.python, self.package, path, options)
        else:
            ran = self.heard.run(path, options)
        judged = Judged(check_heard(says, plain, ran, patient), others(says, ran))
        if not judged.found:
            path.unlink()
        return judged

    def shrink(self, program: Program, found: Disagreement, patient: bool) -> Program:
        """A smaller program with the same kind of disagreement."""
        runs = 0
        again = True
        while again:
            again = False
            for smaller in program.simpler():
                if smaller.since > self.version or runs >= _SHRINKING:
                    continue
                runs += 1
                kinds = {one.kind for one in self.judge(smaller.text(), "shrinking", patient).found}
                if found.kind in kinds:
                    program, again = smaller, True
                    break
        return program

    def close(self) -> None:
        """Ends both interpreters."""
        self.truth.close()
        self.heard.close()


__all__ = ["GENERATOR", "Judged", "Ran", "Session"]
