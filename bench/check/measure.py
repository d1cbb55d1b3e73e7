"""Runs commands in turns, and tells what each took."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Figures:
    """Medians over the rounds: seconds of processors and by the clock, and the largest peak of memory in MB."""

    cpu: float
    wall: float
    memory: float


def once(command, folder):
    """CPU seconds, seconds by the clock, and peak MB of one run. What it finds is not looked at, but it must have run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed in {folder}: exit code {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def in_turns(commands, folder, rounds, before=lambda: None):
    """The figures of each of the named commands, which take turns so that they share the weather. Each round begins with `before`."""
    runs = {name: [] for name in commands}
    for _ in range(rounds):
        before()
        for name, command in commands.items():
            runs[name].append(once(command, folder))
    medians = lambda some, place: statistics.median(run[place] for run in some)  # noqa: E731
    return {name: Figures(medians(some, 0), medians(some, 1), max(run[2] for run in some)) for name, some in runs.items()}
