"""The examples in docstrings and on pages run, and print what they say."""

from __future__ import annotations

import asyncio
import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import heard

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "which-primitive.md"
BLOCK = re.compile(r"^```(py|output|stderr)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = ["Backoff", "Group", "Group.start", "Group.submit", "Outcome", "contained", "drain", "map", "outcomes", "spawn", "split", "supervise"]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_example_of_a_docstring(name: str) -> None:
    thing: object = heard
    for part in name.split("."):
        thing = getattr(thing, part)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names = {"heard": heard, "asyncio": asyncio}
    example = parser.get_doctest(thing.__doc__ or "", names, name, None, None)
    assert example.examples
    said: list[str] = []
    runner.run(example, out=said.append)
    assert said == []


def programs(page: Path = PAGE) -> list[tuple[str, str, str]]:
    """The programs of a page, with what each prints, and the heads of what it says on standard error."""
    found: list[list[str]] = []
    for kind, text in BLOCK.findall(page.read_text()):
        if kind == "py":
            found.append([text, "", ""])
        else:
            found[-1][1 if kind == "output" else 2] = text
    return [(program, output, stderr) for program, output, stderr in found]


@pytest.mark.parametrize("program", programs(), ids=lambda program: re.findall(r"async def (\w+)", program[0])[0])
def test_a_program_of_the_page(program: tuple[str, str, str]) -> None:
    text, output, stderr = program
    assert output, "a program of the page prints something"
    finished = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout == output
    heads = [line for line in finished.stderr.splitlines() if line.startswith("heard:")]
    assert heads == stderr.splitlines()


def first_test(program: tuple[str, str, str]) -> str:
    return str(re.findall(r"def (test_\w+)", program[0])[0])


@pytest.mark.parametrize("program", programs(DOCS / "testing.md"), ids=first_test)
def test_tests_of_the_page(program: tuple[str, str, str], tmp_path: Path) -> None:
    """Each is a module named after its first test; each line below it begins a line of what the run says."""
    text, output, _ = program
    assert output, "a module of the page says something"
    module = tmp_path / f"{first_test(program)}.py"
    module.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    launcher = ["-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "heard.pytest_plugin"]
    command = [sys.executable, "-B", *([] if "unittest.main()" in text else launcher), module.name]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "HEARD"))}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0", "COLUMNS": "200"}
    process = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    said = process.stdout + process.stderr
    for line in output.splitlines():
        assert f"\n{line}" in said, f"{line}\n\n{said}"


def test_every_public_name_says_what_it_is_for() -> None:
    for name in heard.__all__:
        if name != "__version__":
            assert (getattr(heard, name).__doc__ or "").strip(), name
