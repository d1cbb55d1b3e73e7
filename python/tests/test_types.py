"""mypy --strict, pyright and ty agree on `use_sites.py`: on every type, and on every line that is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

USES = Path(__file__).with_name("use_sites.py")
# Without namespace packages, mypy does not look for packages in the folders above the tree.
MYPY = ["mypy", "--strict", "--no-namespace-packages", "--no-incremental", "--show-column-numbers"]
CHECKERS = {
    "mypy": [*MYPY, "--python-executable", sys.executable, "--python-version", "3.11"],
    "pyright": ["pyright", "--pythonversion", "3.11", "--pythonpath", sys.executable],
    "ty": ["ty", "check", "--output-format", "concise", "--python-version", "3.11", "--python", sys.executable],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_types(checker: str) -> None:
    command = shutil.which(checker, path=str(Path(sys.executable).parent)) or shutil.which(checker)
    if command is None:
        pytest.skip(f"{checker} is not installed")
    finished = subprocess.run(
        [command, *CHECKERS[checker][1:], str(USES)], capture_output=True, text=True, check=False, cwd=USES.parent
    )
    # Each checker names the path in its own way.
    found = re.findall(r"use_sites\.py:(\d+):\d+\S* *(?:- )?\[?(error|warning)?\S* .*", finished.stdout)
    lines = {int(line) for line, kind in found if kind != "warning"}
    expected = {
        number for number, line in enumerate(USES.read_text().splitlines(), 1) if line.endswith("# wrong")
    }
    assert lines == expected, finished.stdout + finished.stderr


def test_there_are_forty_uses() -> None:
    text = USES.read_text()
    assert text.count("assert_type(") + text.count("  # wrong") >= 40
