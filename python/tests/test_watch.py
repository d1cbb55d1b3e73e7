"""What a watched process says of itself: loops that do not turn, and work that becomes more and more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import heard
from conftest import Hands, turn
from heard.monitor import clock

#: Its loop does not turn until that has been said, so the test takes as long as it takes.
BLOCKED = """
import asyncio, logging, sys, time
import heard

said = []

class Told(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())

logging.getLogger("heard").addHandler(Told())

def read_the_file():
    while not said:
        time.sleep(0.01)

async def main():
    asyncio.create_task(asyncio.sleep(0))
    read_the_file()

heard.install(watch=sys.argv[1])
START
print(*said, sep="\\n")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(f"/tmp/heard-watch-{os.getpid()}")
    yield folder
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_blocked_loop_is_told_once_with_what_blocks_it(folder: Path, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed")
    start = "asyncio.run(main())" if loop == "asyncio" else "import uvloop; uvloop.run(main())"
    command = [sys.executable, "-c", BLOCKED.replace("START", start), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    (said,) = done.stdout.splitlines()
    assert said.startswith("The event loop of MainThread has not turned for")
    assert "in read_the_file < " in said and " in main" in said


@pytest.fixture
def hands(folder: Path) -> Iterator[Hands]:
    """A watched process whose time goes on when the test says so."""
    hands = Hands()
    before = clock.use(hands)
    heard.install(watch=str(folder))
    yield hands
    heard.uninstall()
    clock.use(before)


async def idle() -> None:
    await asyncio.get_running_loop().create_future()


async def minutes(hands: Hands, count: int) -> None:
    """So many minutes, in which the loop turns."""
    for _ in range(count * 60):
        hands.go(1.0)
        await asyncio.sleep(0)


def grow(hands: Hands, first: int, more: int) -> None:
    """Eleven minutes with `more` tasks in each, beside those that there were."""

    async def main() -> None:
        tasks = [asyncio.create_task(idle()) for _ in range(first)]
        for _ in range(22):
            tasks += [asyncio.create_task(idle()) for _ in range(more)]
            await turn()
            for _ in range(30):
                hands.go(1.0)
                await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(main())


def test_tasks_that_become_more_and_more_are_told(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    grow(hands, 10, 100)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "more and more tasks (idle)" in said and "test_watch.py" in said and "10 minutes ago" in said


@pytest.mark.parametrize(("first", "more"), [(2000, 0), (10, 10), (5000, 5)])
def test_many_or_slowly_growing_tasks_are_not(
    hands: Hands, caplog: pytest.LogCaptureFixture, first: int, more: int
) -> None:
    grow(hands, first, more)
    assert caplog.records == []


def test_callbacks_that_become_more_and_more_are_told(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        task = asyncio.create_task(idle())
        for _ in range(22):
            for _ in range(100):
                task.add_done_callback(lambda _: None)
            for _ in range(30):
                hands.go(1.0)
                await asyncio.sleep(0)
        task.cancel()

    asyncio.run(main())
    (said,) = [record.getMessage() for record in caplog.records]
    assert "more and more done callbacks of tasks (idle)" in said and "test_watch.py" in said


def test_a_process_that_was_stopped_blames_no_loop(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        await minutes(hands, 1)
        hands.go(0.5)
        # An hour in which nothing ran, the clock neither.
        hands.time += 3600
        hands.go(1.0)
        await asyncio.sleep(0)
        await minutes(hands, 1)

    asyncio.run(main())
    assert caplog.records == []


def test_a_server_without_work_is_not_told_of(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "heard")

    async def main() -> None:
        await minutes(hands, 20)

    asyncio.run(main())
    assert caplog.records == []
