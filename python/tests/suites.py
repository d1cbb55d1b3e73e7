"""Suites of tests that are run by pytest in a process of their own."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
import textwrap
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

#: What every suite begins with.
HEAD = """
import asyncio, contextlib, gc, logging, unittest
from concurrent.futures import ThreadPoolExecutor

import pytest


class Lost(Exception):
    pass


async def boom():
    raise Lost("gone")


async def turn():
    for _ in range(5):
        await asyncio.sleep(0)
"""

#: The plugins that the suites need beside ours, by the name of their package.
PLUGINS = {"pytest_asyncio": "pytest_asyncio.plugin", "anyio": "anyio.pytest_plugin", "xdist": "xdist.plugin"}


@dataclasses.dataclass
class Ran:
    """How a suite ended."""

    code: int
    text: str

    def outcomes(self) -> dict[str, str]:
        """The outcome of each test by name; `error` where its set-up or tear-down failed."""
        rows = re.findall(r"^(PASSED|FAILED|ERROR|XFAIL|XPASS) \S*?::(\S+)", self.text, re.MULTILINE)
        return {name: outcome.lower() for outcome, name in rows}


Suite = Callable[..., Ran]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Writes a suite and runs it: `suite(source, "--heard=warn", plugins=["anyio"], ini="heard = warn", below="docs")`."""

    def suite(
        source: str, *arguments: str, plugins: typing.Iterable[str] = (), ini: str = "", below: str = ""
    ) -> Ran:
        for name in plugins:
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"not installed: {name}")
        (tmp_path / "test_it.py").write_text(HEAD + textwrap.dedent(source))
        (tmp_path / "pytest.ini").write_text("[pytest]\n" + textwrap.dedent(ini))
        own = ("HEARD", "PYTEST", "PYTHONASYNCIO")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
        # Nothing depends on which plugins happen to be installed.
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0", "COLUMNS": "200"}
        loaded = [part for name in plugins for part in ("-p", PLUGINS[name])]
        command = [sys.executable, "-B", "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "heard.pytest_plugin"]
        process = subprocess.run(
            [*command, *loaded, *arguments],
            cwd=tmp_path / below,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(process.returncode, process.stdout + process.stderr)

    return suite
