"""Warm interpreters, and what they say of a program."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import typing
from pathlib import Path

ORACLE = Path(__file__).resolve().parent.parent
_WARM = ORACLE / "judge" / "warm.py"


class WorkerFailed(Exception):
    """A warm interpreter has ended, or could not start."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """A run of a program."""

    #: None if it was still running when its time was up.
    code: int | None
    output: str
    #: The lines of JSON that were written about it.
    records: list[dict[str, typing.Any]]


class Warm:
    """An interpreter that forks a child for each program."""

    def __init__(self, python: str, mode: str, package: Path | None, limit: float = 15) -> None:
        self.mode = mode
        #: Seconds after which a program is said to hang.
        self.limit = limit
        environment = _environment(package)
        self.process = subprocess.Popen(
            [python, str(_WARM), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.folder = tempfile.TemporaryDirectory(prefix="oracle-")

    def run(self, program: Path, options: typing.Sequence[str] = ()) -> Ran:
        """Runs a program to its end, in a process of its own."""
        records, output = Path(self.folder.name) / "records", Path(self.folder.name) / "output"
        records.unlink(missing_ok=True)
        job = {
            "program": str(program),
            "records": str(records),
            "output": str(output),
            "limit": self.limit,
            "options": list(options),
        }
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError as error:
            raise WorkerFailed(f"the warm interpreter for {self.mode} has ended: {error}") from error
        if not answer:
            raise WorkerFailed(f"the warm interpreter for {self.mode} has ended with {self.process.wait()}")
        return Ran(json.loads(answer)["code"], output.read_text(errors="replace"), lines_of(records))

    def close(self) -> None:
        """Ends the interpreter."""
        # It ends when there are no more jobs. If it has ended before, a job that it never read is still to be written.
        with contextlib.suppress(BrokenPipeError), self.process:
            pass
        self.folder.cleanup()


def lines_of(path: Path) -> list[dict[str, typing.Any]]:
    """The objects of a file of JSON lines; none if nobody has written it."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]


def by_command_line(python: str, package: Path | None, program: Path, options: typing.Sequence[str]) -> Ran:
    """The same program by `python -m heard run` in a fresh interpreter."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        records = Path(folder) / "records"
        command = [python, "-m", "heard", "run", "--json", str(records), *options, str(program)]
        try:
            ran = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", timeout=60, env=_environment(package), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Ran(None, str(late.output), lines_of(records))
        return Ran(ran.returncode, ran.stdout, lines_of(records))


def _environment(package: Path | None) -> dict[str, str]:
    """The environment of a program; without a folder, the interpreter has the package."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("HEARD", None)
    environment.pop("HEARD_OPTIONS", None)
    if package is not None:
        environment["PYTHONPATH"] = str(package)
    return environment


def version_of(python: str) -> tuple[int, int]:
    """The minor version of an interpreter."""
    asked = "import sys; print(*sys.version_info[:2])"
    try:
        said = subprocess.run([python, "-I", "-c", asked], stdout=subprocess.PIPE, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"oracle: {python} is not a Python: {error}")
    major, minor = said.split()
    return int(major), int(minor)
