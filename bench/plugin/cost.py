"""What the pytest plugin costs on 1,000 async tests, beside pytest without it, and how long it takes to load.

    PYTHONPATH=python python bench/plugin/cost.py [ROUNDS]

Needs pytest and pytest-asyncio. Each round runs the suite in each way, one after the other, in processes of their own;
the ratio is that of the least processor times. What other programs do at the same time moves it by a few per cent.
Build what is on the path with `--release` first.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = 1000
#: What each test does: nothing, or what many tests do: a failure is heard, and a task runs on when the test is over.
BODIES = {
    "trivial": "    await asyncio.sleep(0)\n",
    "heard": """\
    with pytest.raises(ValueError):
        await asyncio.create_task(fail())
    kept.append(asyncio.create_task(asyncio.sleep(60)))
""",
}
_PLUGIN = ("-p", "heard.pytest_plugin")
WAYS: dict[str, tuple[str, ...]] = {"without": (), "on": _PLUGIN, "off": (*_PLUGIN, "--heard=off")}


_BEGINNING = """\
import asyncio
import pytest

pytestmark = pytest.mark.asyncio
kept = []


async def fail():
    raise ValueError


"""
#: What pytest has imported when it loads its plugins, and then what the plugin needs to listen.
_LOAD = """
import asyncio, logging, time, unittest.mock, pytest
before = time.process_time()
import heard.pytest_plugin, heard.testing.pytest.injecting
from heard.testing.pytest.run import Listener
Listener().start()
print(time.process_time() - before)
"""
#: As users have it: what is imported is compiled once.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
} | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def seconds(folder: pathlib.Path, arguments: tuple[str, ...]) -> float:
    """The processor time of one run of the suite."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", *arguments]
    before = os.times()
    subprocess.run(command, cwd=folder, env=_ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def load(folder: pathlib.Path) -> float:
    """Processor seconds from pytest without the plugin to one that listens."""
    command = [sys.executable, "-c", _LOAD]
    return float(subprocess.run(command, cwd=folder, env=_ENVIRONMENT, stdout=subprocess.PIPE, check=True).stdout)


def measure(folder: pathlib.Path, body: str, rounds: int) -> dict[str, float]:
    """The least processor seconds of each way."""
    tests = "".join(f"async def test_{number}():\n{body}\n\n" for number in range(TESTS))
    (folder / "test_it.py").write_text(f"{_BEGINNING}{tests}")
    # The first run compiles what is imported.
    seconds(folder, _PLUGIN)
    least = dict.fromkeys(WAYS, float("inf"))
    for _ in range(rounds):
        for way, arguments in WAYS.items():
            least[way] = min(least[way], seconds(folder, arguments))
    return least


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        for suite, body in BODIES.items():
            least = measure(folder, body, rounds)
            for way, taken in least.items():
                print(f"{suite:8} {way:8} {taken:6.2f} s  {taken / least['without']:.2f}", flush=True)
        loading = min(load(folder) for _ in range(rounds))
    print(f"loading  {loading * 1000:6.1f} ms")


if __name__ == "__main__":
    main()
