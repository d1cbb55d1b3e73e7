"""One run of one analyser over one copy of a package, and what it finds."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


# Seconds for one run of one tool.
LIMIT = 3600


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    end_line: int
    rule: str
    message: str

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What two runs are compared by; columns move with the mutation, lines do not."""
        return self.path, self.line, self.rule, self.message


class ToolFailed(Exception):
    """A tool that could not do its work; its standard error says why."""


@dataclass(frozen=True)
class Run:
    # The project with the copy of the package.
    root: Path
    # What is reported on: the files that hold a mutant in any round.
    targets: tuple[str, ...]
    # The virtual environment with the package's dependencies, and the one with the tools.
    environment: Path
    tools: Path
    heard: Path

    def output(self, *command: str | Path, ends: tuple[int, ...] = (0, 1)) -> str:
        """What a command prints, run in the root; it may end with findings."""
        try:
            done = subprocess.run(
                command, cwd=self.root, env=variables(), capture_output=True, text=True, check=False, timeout=LIMIT
            )
        except subprocess.TimeoutExpired:
            raise ToolFailed(f"{Path(command[0]).name} was not done in {LIMIT} s") from None
        if done.returncode not in ends:
            raise ToolFailed(f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stderr or done.stdout}")
        return done.stdout

    def relative(self, path: str) -> str:
        """A path as the mutants have it."""
        return Path(os.path.relpath(self.root / path, self.root)).as_posix()


def variables() -> dict[str, str]:
    """The environment without what would point a tool at another Python."""
    left_out = {"VIRTUAL_ENV", "PYTHONPATH", "CONDA_PREFIX", "MYPYPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"NO_COLOR": "1", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
