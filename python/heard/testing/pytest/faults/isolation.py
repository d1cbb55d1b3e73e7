"""Runs a test in a process of its own, so that nothing it breaks is there for the next."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import typing
import warnings
from collections.abc import Callable

import pytest

from heard.testing.faults.hearing import Heard
from heard.testing.faults.order import Order
from heard.testing.faults.result import Ran
from heard.testing.faults.settings import Inject
from heard.testing.pytest.faults.patience import patience

#: Where a process that was started for one run finds what it is to do.
VARIABLE = "HEARD_INJECT_TRIAL"

#: Seconds for a run to tell what it knows when its time is over.
_GRACE = 5.0

#: Seconds that a run may take beyond what the test has taken without a failure, and how many times that.
_PATIENCE, _TIMES = 10.0, 5.0

#: A run that does not end.
HANGS = Ran(passed=False, came=True, heard=[Heard("end", "the test, which does not end")], error="it does not end")


def limit(duration: float) -> float:
    """Seconds until a run counts as one that does not end."""
    return _PATIENCE + _TIMES * duration


def can_fork() -> bool:
    return hasattr(os, "fork")


def forked(work: Callable[[], Ran], seconds: float) -> Ran:
    """Does the work in a copy of this process, which ends after so many seconds at the latest."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of threads that the copy will not have; they are none of ours.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _work_and_end(work, seconds, writer)
    os.close(writer)
    try:
        return _answer(reader, seconds + _GRACE)
    finally:
        os.close(reader)
        for kill, process in ((os.killpg, child), (os.kill, child)):
            try:
                kill(process, signal.SIGKILL)
            except OSError:
                continue
        os.waitpid(child, 0)


def _work_and_end(work: Callable[[], Ran], seconds: float, writer: int) -> typing.NoReturn:
    try:
        # What the test starts ends with it.
        os.setpgid(0, 0)
        with patience(seconds):
            answer = work().as_dict()
    except BaseException as error:
        answer = Ran(passed=False, error=f"{type(error).__name__}: {error}").as_dict()
    try:
        data = json.dumps(answer).encode()
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(0)


def _answer(reader: int, seconds: float) -> Ran:
    end = time.monotonic() + seconds
    parts = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(end - time.monotonic(), 0))
        if not ready:
            return HANGS
        part = os.read(reader, 1 << 16)
        if not part:
            break
        parts.append(part)
    if not parts:
        return Ran(passed=False, came=True, heard=[Heard("end", "the process, which ends")], error="its process ended")
    return Ran.from_dict(json.loads(b"".join(parts)))


def fresh(config: pytest.Config, item: pytest.Item, inject: Inject, order: Order, seconds: float) -> Ran:
    """Runs the test in a new process of Python's."""
    with tempfile.TemporaryDirectory() as folder:
        task, answer = os.path.join(folder, "task.json"), os.path.join(folder, "answer.json")
        with open(task, "w", encoding="utf-8") as file:
            asked = {"inject": inject.as_dict(), "order": order.as_dict(), "seconds": seconds, "answer": answer}
            json.dump(asked, file)
        command = [sys.executable, "-m", "pytest", *_arguments(config, item)]
        environment = os.environ | {VARIABLE: task, "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0")}
        environment.pop("PYTEST_XDIST_WORKER", None)
        try:
            # The start of Python and the collection of the tests take their time as well.
            done = subprocess.run(
                command, cwd=config.invocation_params.dir, env=environment, capture_output=True, timeout=seconds + 60
            )
        except subprocess.TimeoutExpired:
            return HANGS
        try:
            with open(answer, encoding="utf-8") as file:
                return Ran.from_dict(json.load(file))
        except (OSError, ValueError):
            said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
            return Ran(passed=False, error=f"its process ended without an answer: {said[-1] if said else ''}")


def _arguments(config: pytest.Config, item: pytest.Item) -> list[str]:
    """The options of this run, and the one test."""
    places = set(config.args)
    arguments = [one for one in map(str, config.invocation_params.args) if one not in places]
    if config.pluginmanager.hasplugin("xdist"):
        arguments.append("-n0")
    return [*arguments, "--", f"{item.path}::{item.nodeid.partition('::')[2]}"]
