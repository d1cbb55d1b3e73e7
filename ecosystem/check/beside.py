"""Time and memory of heard beside ty, whose crates it is built on: what following awaitables costs."""

import os
import subprocess
import time
from pathlib import Path

from .runs import RunFailed

# What `ru_maxrss` counts in.
UNIT = 1 if os.uname().sysname == "Darwin" else 1024


def table(roots: dict[str, Path], heard: Path, ty: Path, python: Path) -> str:
    commands = {
        "heard": [heard, "check", ".", "--quiet", "--level=strict", "--output-format=json-lines", "--python", python],
        "ty": [ty, "check", ".", "--quiet", "--python", python],
    }
    rows = [["package", *(f"{name} {unit}" for name in commands for unit in ("s", "MB"))], ["---", *["---:"] * 4]]
    for package, root in roots.items():
        measured = [measure(command, root) for command in commands.values()]
        rows.append([package, *(f"{figure:.1f}" for pair in measured for figure in pair)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def measure(command: list[Path | str], root: Path) -> tuple[float, float]:
    """Seconds, and the most memory in MB at a time."""
    start = time.monotonic()
    try:
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise RunFailed(f"cannot run {command[0]}: {error}") from error
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RunFailed(f"{command[0]} ended with {process.returncode} in {root}")
    return time.monotonic() - start, usage.ru_maxrss * UNIT / 1e6
