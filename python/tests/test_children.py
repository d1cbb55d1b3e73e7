"""Processes below a monitored one: they are heard, and those that have nothing to do with asyncio do not notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import asyncio

async def fail():
    raise ValueError("in the child")

async def main():
    asyncio.create_task(fail())
    for _ in range(10):
        await asyncio.sleep(0)

asyncio.run(main())
"""

SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
interpreter = interpreters.create()
code = '''
import sys
if sys.version_info >= (3, 13):
    # In those before, asyncio crashes the process there.
    import asyncio
print("heard.monitor.install" in sys.modules)
'''
failed = interpreters.run_string(interpreter, code)
print(failed)
"""


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEARD", "PYTHONASYNCIO"))}
    return subprocess.run(
        [sys.executable, *words], env=environment | variables, capture_output=True, text=True, timeout=60, check=False
    )


def same(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs it as a child of a monitored process, which must not change anything, and returns that."""
    plain, monitored = run(*words), run(*words, HEARD="1")
    assert (monitored.returncode, monitored.stdout, monitored.stderr) == (
        plain.returncode,
        plain.stdout,
        plain.stderr,
    )
    return monitored


@pytest.mark.parametrize("options", [(), ("-I",), ("-E",), ("-S",), ("-P",), ("-X", "dev"), ("-W", "error")], ids=str)
def test_a_child_that_does_not_import_asyncio_does_not_notice(options: tuple[str, ...]) -> None:
    assert same(*options, "-c", "print('fine')").stdout == "fine\n"


def test_a_child_imports_next_to_nothing() -> None:
    program = "import sys; print(sorted(name for name in sys.modules))"
    plain, monitored = run("-c", program), run("-c", program, HEARD="1")
    more = set(eval(monitored.stdout)) - set(eval(plain.stdout))
    assert more - {"__future__", "_xxsubinterpreters"} == {
        "heard",
        "heard.launch",
        "heard.launch.children",
        "heard.monitor",
        "heard.monitor.hooks",
        "heard.monitor.hooks.imports",
    }


def test_a_second_interpreter_does_not_notice() -> None:
    assert "False\n" in same("-c", SUBINTERPRETER).stdout


@pytest.mark.parametrize("options", [(), ("-I",), ("-E",), ("-P",)], ids=str)
def test_a_child_is_heard(options: tuple[str, ...]) -> None:
    assert run(*options, "-c", CHILD, HEARD="1").stderr.startswith("heard: [lost] task 'Task-2' (fail) failed")


def test_settings_are_handed_down(tmp_path: Path) -> None:
    settings = {"grace": 1.5, "ignore": ["ValueError"], "json": str(tmp_path / "records")}
    assert run("-c", CHILD, HEARD="1", HEARD_OPTIONS=json.dumps(settings)).stderr == ""
    settings["ignore"] = []
    run("-c", CHILD, HEARD="1", HEARD_OPTIONS=json.dumps(settings))
    assert len((tmp_path / "records").read_text().splitlines()) == 1


@pytest.mark.parametrize("settings", ["no JSON", "[]", '{"unknown": 1}', '{"grace": -1}'])
def test_settings_that_are_not_understood_do_no_harm(settings: str) -> None:
    ended = run("-c", CHILD + "print('end')", HEARD="1", HEARD_OPTIONS=settings)
    assert (ended.returncode, ended.stdout) == (0, "end\n")
    assert ended.stderr.startswith("heard: HEARD_OPTIONS is not understood, so the defaults hold: ")
    assert "[lost]" in ended.stderr


def test_an_import_of_asyncio_that_fails_at_first(tmp_path: Path) -> None:
    program = f"""
import sys
class Fails:
    def find_spec(self, name, path, target=None):
        if name == "asyncio.base_events":
            sys.meta_path.remove(self)
            raise ImportError("at first")
sys.meta_path.insert(0, Fails())
try:
    import asyncio
except ImportError as error:
    print(error)
for name in [name for name in sys.modules if name.startswith("asyncio")]:
    del sys.modules[name]
{CHILD}
"""
    ended = run("-c", program, HEARD="1")
    assert ended.stdout == "at first\n", ended.stderr
    assert ended.stderr.startswith("heard: [lost]")


def test_the_finder_goes_when_asyncio_is_there() -> None:
    program = "import sys, asyncio; print([type(finder).__module__ for finder in sys.meta_path])"
    monitored = run("-c", program, HEARD="1").stdout
    # One that waits for uvloop is left.
    assert monitored.count("heard") <= 2, monitored
