"""What the tests share: records of a monitored stretch of code, and monitored programs."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import heard

#: Long enough for a busy machine to come round, short enough for many tests.
GRACE = 0.4


@pytest.fixture
def records() -> Iterator[list[heard.Failure]]:
    """All that the monitor says while the test runs."""
    seen: list[heard.Failure] = []
    # What other tests have left behind is not this one's, and pytest's many objects need not be searched for holders.
    gc.collect()
    gc.freeze()
    heard.install(grace=GRACE, report=seen.append)
    yield seen
    heard.uninstall()
    gc.unfreeze()


LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def _loops() -> Iterator[object]:
    yield pytest.param(asyncio.new_event_loop, id="asyncio")
    try:
        import uvloop
    except ImportError:
        return
    yield pytest.param(uvloop.new_event_loop, id="uvloop")


@pytest.fixture(params=list(_loops()))
def loop_factory(request: pytest.FixtureRequest) -> LoopFactory:
    factory: LoopFactory = request.param
    return factory


class Finished:
    """How a program ended."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr


@pytest.fixture
def launch(tmp_path: Path) -> Callable[..., Finished]:
    """Writes a program and starts it: `launch(source, "-m", "heard", "run")`."""

    def launch(
        source: str, *launcher: str, arguments: tuple[str, ...] = (), name: str = "app.py", **variables: str
    ) -> Finished:
        path = tmp_path / name
        path.write_text(textwrap.dedent(source))
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTHONASYNCIO"))
        }
        command = [sys.executable, *launcher, str(path), *arguments]
        return Finished(
            subprocess.run(
                command,
                cwd=tmp_path,
                env=environment | variables,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        )

    return launch
