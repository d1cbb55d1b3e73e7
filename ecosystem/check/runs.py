"""Runs heard over a package, with one thread and with two."""

import json
import subprocess
from pathlib import Path
from typing import Any

from .expected import Finding

# Seconds for one run.
LIMIT = 1800

# What heard says on standard error when it could not do all of its work.
TROUBLE = ("warning:", "error:", "thread '")


class RunFailed(Exception):
    """heard cannot be run at all."""


def check(heard: Path, root: Path, python: Path) -> tuple[list[Finding], list[str]]:
    """What is found, and what went wrong while it was looked for."""
    one, trouble = run(heard, root, python, 1)
    two, more = run(heard, root, python, 2)
    trouble += [line for line in more if line not in trouble]
    if one != two:
        trouble.append(f"other findings with --threads 2 than with --threads 1: {len(two)} and {len(one)}")
    return one, trouble


def run(heard: Path, root: Path, python: Path, threads: int) -> tuple[list[Finding], list[str]]:
    command = [
        heard, "check", ".", "--level=strict", "--output-format=json-lines", f"--threads={threads}", "--python", python,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=LIMIT)
    except OSError as error:
        raise RunFailed(f"cannot run {heard}: {error}") from error
    except subprocess.TimeoutExpired:
        return [], [f"no end after {LIMIT} seconds with --threads {threads}"]
    trouble = [line for line in done.stderr.splitlines() if line.startswith(TROUBLE)]
    # 2 says that there were errors, and those are listed.
    if done.returncode not in (0, 1, 2 if trouble else 0):
        trouble.append(f"exit code {done.returncode} with --threads {threads}")
    return [finding(json.loads(line)) for line in done.stdout.splitlines()], trouble


def finding(entry: dict[str, Any]) -> Finding:
    keys = ("path", "line", "rule", "level", "message", "fingerprint")
    return Finding(**{key: entry[key] for key in keys})
