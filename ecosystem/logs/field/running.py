"""Runs a set-up, and has heard read what it leaves."""

import json
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .compare import Document
from .losses import PROGRAMS
from .setup import Setup

#: Seconds that no set-up takes.
LIMIT = 90

#: What changes the lines that a program writes: that is the set-up's to say, and not the machine's.
_NOT_OURS = ("PYTHON", "PYTEST", "COLUMNS", "LINES", "TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CI")


class RunFailed(Exception):
    """A set-up has not run, or heard has not read what it left."""


@dataclass(frozen=True)
class Seen:
    """A line that a program printed, as a collector sees it."""

    text: str
    at: datetime


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    files: list[Path]
    lines: list[Seen]
    began: datetime
    ended: datetime


def packages(python: Path) -> frozenset[str]:
    """The names of the packages that an interpreter has."""
    asked = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    return frozenset(name.lower().replace("_", "-") for name in json.loads(done.stdout) if name)


def version(python: Path) -> tuple[int, ...]:
    """The version of an interpreter."""
    asked = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


def run(setup: Setup, python: Path, folder: Path) -> Ran:
    """Runs a program in a fresh folder; what it prints goes to `printed.log`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(setup.program, folder)
    shutil.copy(PROGRAMS / "shop.py", folder)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    environment = {**plain, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "TZ": setup.zone}
    environment |= {"PATH": f"{python.parent}{os.pathsep}{environment.get('PATH', '')}", **setup.environment}
    printed = folder / "printed.log"
    lines = []
    began = datetime.now(timezone.utc)
    with (
        subprocess.Popen(
            [python, setup.program.name],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
        printed.open("wb") as out,
    ):
        # What it has started holds the pipe too.
        timer = threading.Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        assert process.stdout
        for line in process.stdout:
            out.write(line)
            lines.append(Seen(line.decode(errors="replace").removesuffix("\n"), datetime.now(timezone.utc)))
        process.wait()
        timer.cancel()
    if process.returncode == -signal.SIGKILL:
        raise RunFailed(f"it ran longer than {LIMIT} s")
    ended = datetime.now(timezone.utc)
    files = sorted(file for name in setup.reads for file in folder.glob(name)) or [printed]
    for file in files:
        if not file.stat().st_size:
            raise RunFailed(f"it wrote nothing to {file.name}")
    return Ran(files, lines, began, ended)


def heard(program: Path, files: list[Path]) -> Document:
    """What heard reads in files."""
    command: list[str | Path] = [program, "logs", "--output-format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    try:
        document: Document = json.loads(done.stdout)
    except ValueError:
        raise RunFailed(f"heard gave no JSON: exit code {done.returncode}, {done.stderr[-600:]}") from None
    return document
