#!/usr/bin/env python3
"""What the start of a child of a monitored process costs, beside the same child plainly.

    python start.py [ROUNDS]

Interleaved rounds, CPU time of the child, medians. The package has to be installed: its `.pth` file starts the monitor.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

PROGRAMS = {"without asyncio": "pass", "with asyncio": "import asyncio"}


def cpu_of(program: str, monitored: bool) -> float:
    """Milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARD")}
    if monitored:
        environment["HEARD"] = "1"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main(rounds: int) -> None:
    check = "import os, sys, asyncio; sys.exit('heard.monitor.install' not in sys.modules)"
    if subprocess.run([sys.executable, "-c", check], env=os.environ | {"HEARD": "1"}, check=False).returncode:
        sys.exit("start.py: install heard-runtime for this interpreter first: `python -m pip install ./python`")
    for name, program in PROGRAMS.items():
        plain, again, heard = [], [], []
        for _ in range(rounds):
            plain.append(cpu_of(program, False))
            heard.append(cpu_of(program, True))
            again.append(cpu_of(program, False))
        more = statistics.median(heard) - statistics.median(plain)
        control = statistics.median(again) / statistics.median(plain)
        ratio = statistics.median(heard) / statistics.median(plain)
        print(
            f"{name:16} {statistics.median(plain):6.1f} ms plainly, {more:+.1f} ms monitored: "
            f"{ratio:.2f} (control {control:.2f})"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
