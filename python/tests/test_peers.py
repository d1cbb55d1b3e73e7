"""The suites of `bench/peers`, whose every loss is known, with the plugin: each is caught and named, and nothing else.

The peers themselves, and what needs their packages or Django's, are measured there.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "bench" / "peers" / "run"
#: What each suite needs beside pytest.
SUITES = {
    "plain": [],
    "cases": [],
    "strict": ["pytest_asyncio"],
    "auto": ["pytest_asyncio"],
    "fixtures": ["pytest_asyncio"],
    "anyio": ["anyio"],
    "workers": ["pytest_asyncio", "xdist"],
}


@pytest.mark.parametrize("suite", SUITES)
def test_every_loss_is_caught_and_named_and_nothing_else(suite: str) -> None:
    for name in SUITES[suite]:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"not installed: {name}")
    command = [sys.executable, "-B", str(RUN), "--way", "heard", "--suite", suite]
    process = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
