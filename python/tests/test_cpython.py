"""CPython's own tests of asyncio come out the same with the monitor on.

These are the modules about tasks; `HEARD_CPYTHON=all` takes all of them, which takes several minutes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = [
    "eager_task_factory",
    "futures",
    "futures2",
    "locks",
    "runners",
    "taskgroups",
    "tasks",
    "timeouts",
    "waitfor",
]

RUNNER = """
import json, signal, sys, unittest

# A shell that starts the tests in the background has it ignored, and some of them wait for it.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Result(unittest.TestResult):
    outcomes = {}
    def addSuccess(self, test): self.note(test, "ok")
    def addFailure(self, test, error): self.note(test, "failure")
    def addError(self, test, error): self.note(test, "error")
    def addSkip(self, test, reason): self.note(test, "skipped")
    def addExpectedFailure(self, test, error): self.note(test, "expected failure")
    def addUnexpectedSuccess(self, test): self.note(test, "unexpected success")
    def addSubTest(self, test, subtest, error):
        if error is not None: self.note(subtest, "failure")
    def note(self, test, outcome): self.outcomes[test.id()] = outcome

if __name__ == "__main__":
    result = Result()
    for name in sys.argv[2:]:
        try:
            tests = unittest.defaultTestLoader.loadTestsFromName(name)
        except unittest.SkipTest:
            # It is for another system.
            continue
        tests.run(result)
    with open(sys.argv[1], "w") as file:
        json.dump(result.outcomes, file)
"""


def test_the_same_with_and_without(tmp_path: Path) -> None:
    if importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_asyncio") is None:
        pytest.skip("this Python has no tests")
    import test.test_asyncio as package  # type: ignore[import-not-found, unused-ignore]

    there = {module.name for module in pkgutil.iter_modules(package.__path__)}
    chosen = [f"test_{name}" for name in MODULES if f"test_{name}" in there]
    if os.environ.get("HEARD_CPYTHON") == "all":
        chosen = sorted(name for name in there if name.startswith("test_"))
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER)
    processes = []
    for number, launcher in enumerate(
        [[], ["-m", "heard", "run", "--quiet", "--json", str(tmp_path / "reports.jsonl")]]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        names = [f"test.test_asyncio.{name}" for name in chosen]
        command = [sys.executable, *launcher, str(runner), str(tmp_path / f"{number}.json"), *names]
        processes.append(
            subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
    assert [process.wait(600) for process in processes] == [0, 0]
    plain, monitored = (json.loads((tmp_path / f"{number}.json").read_text()) for number in range(2))
    assert len(plain) > 500
    assert monitored == plain
    assert (tmp_path / "reports.jsonl").stat().st_size > 0
