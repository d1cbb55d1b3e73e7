"""A warm interpreter: it reads jobs from its standard input, and runs each in a child of its own by `fork`.

`python warm.py truth` records what really happens, `python warm.py heard` runs `python -m heard run`. A job is a line
of JSON with the program's path, where its records and its output go, after how many seconds it is said to hang, and
the options of the command line. The answer is a line of JSON with the exit code and the seconds that it took.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import time
import types
import typing

_IMPORTED = (
    "asyncio", "concurrent.futures.thread", "contextlib", "dataclasses", "dis", "linecache", "logging", "queue",
    "traceback", "zipfile",
)  # fmt: skip
#: What only test runs and programs with exporters import.
_APART = ("heard.exporters.", "heard.testing", "heard.pytest_plugin", "heard.top")


def main() -> None:
    """Runs one job after the other, until there are no more."""
    mode = sys.argv[1]
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    run = _truth if mode == "truth" else _heard
    _warm_up(mode)
    for line in sys.stdin:
        job = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            # It ends as any interpreter does, so that what happens then happens here.
            _take_over(job)
            run(job)
            return
        code = _wait(child, started + job["limit"])
        sys.stdout.write(json.dumps({"code": code, "seconds": time.monotonic() - started}) + "\n")
        sys.stdout.flush()


def _warm_up(mode: str) -> None:
    """Imports what programs import; the clock and the hooks of heard start in the child."""
    if mode == "truth":
        # Without it, asyncio takes its tasks and futures in Python.
        sys.modules["_asyncio"] = typing.cast(typing.Any, None)
    for name in _IMPORTED:
        importlib.import_module(name)
    if mode == "truth":
        # Children need not look through what is there already. heard has to, when it searches for holders.
        gc.collect()
        gc.freeze()
    else:
        import heard

        for module in pkgutil.walk_packages(heard.__path__, "heard."):
            # The first runs a command, the second starts the monitor, and no program under `heard run` has the others:
            # they need pytest, rich or the SDKs of others, which an interpreter need not have.
            if not module.name.endswith(("__main__", ".children")) and not module.name.startswith(_APART):
                importlib.import_module(module.name)


def _take_over(job: dict[str, typing.Any]) -> None:
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdin = open(0, closefd=False)


def _truth(job: dict[str, typing.Any]) -> None:
    import atexit

    from truth import recorder

    recorded = recorder.Recorder(job["program"])
    recorder.install(recorded)

    @atexit.register
    def write() -> None:
        with open(job["records"], "w") as file:
            json.dump(recorded.as_dict(), file)

    # Not `runpy.run_path`, which empties the module under threads that still run.
    program = types.ModuleType("__main__")
    program.__file__ = job["program"]
    sys.modules["__main__"] = program
    with open(job["program"], encoding="utf-8") as file:
        code = compile(file.read(), job["program"], "exec", dont_inherit=True)
    exec(code, program.__dict__)


def _heard(job: dict[str, typing.Any]) -> None:
    sys.argv = ["heard", "run", "--json", job["records"], *job["options"], job["program"]]
    runpy.run_module("heard", run_name="__main__", alter_sys=True)


def _wait(child: int, end: float) -> int | None:
    """The exit code; none for a program that was still running when its time was up."""
    pause = 0.001
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.3, 0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
