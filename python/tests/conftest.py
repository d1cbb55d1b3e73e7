"""What the tests share: records of a monitored stretch of code, and monitored programs."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import heard
from heard.monitor import clock

#: Seconds by the clock below, for which nobody waits.
GRACE = 1.0
#: More turns of a loop than anything here needs.
_TURNS = 12

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever started the tests in the background has them ignore Ctrl-C, and programs would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Hands(clock.Clock):
    """A clock that goes on when it is told to, so that no test depends on how busy the machine is."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.due: float | None = None
        self.callback: Callable[[], float | None] = lambda: None

    def now(self) -> float:
        return self.time

    def wake_in(self, seconds: float, callback: Callable[[], float | None]) -> None:
        at = self.time + max(seconds, 0)
        self.callback = callback
        self.due = at if self.due is None else min(self.due, at)

    def go(self, seconds: float) -> None:
        """So many seconds pass."""
        end = self.time + seconds
        while self.due is not None and self.due <= end:
            self.time, self.due = max(self.time, self.due), None
            again = self.callback()
            if again is not None:
                self.wake_in(again, self.callback)
        self.time = end


async def turn() -> None:
    """The loop turns until all that is ready has run."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def elapse(seconds: float) -> None:
    """So many seconds pass by the monitor's clock, while the loop turns and whoever calls this is suspended."""
    await turn()
    for _ in range(8):
        asyncio.get_running_loop().call_soon(go, seconds / 8)
        await turn()


def go(seconds: float) -> None:
    """So many seconds pass by the monitor's clock, while nothing else happens."""
    hands = clock.current()
    assert isinstance(hands, Hands), "only with the fixture `records`"
    hands.go(seconds)


@pytest.fixture
def records() -> Iterator[list[heard.Failure]]:
    """All that the monitor says while the test runs, by a clock that the test drives."""
    before = clock.use(Hands())
    seen: list[heard.Failure] = []
    # What other tests have left behind is not this one's, and pytest's many objects need not be searched for holders.
    gc.collect()
    gc.freeze()
    heard.install(grace=GRACE, report=seen.append)
    yield seen
    heard.uninstall()
    clock.use(before)
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
