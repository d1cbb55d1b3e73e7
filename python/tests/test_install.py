"""Putting the monitor in place, anew and out again; and a Python that is not as it expects."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from conftest import Finished

import heard

Launch = Callable[..., Finished]


async def fail() -> None:
    raise ValueError("lost")


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    gc.collect()
    yield
    heard.uninstall()


#: What Python lacks, and what is not heard then.
GONE = {
    "gather": ("del asyncio.tasks._GatheringFuture", "Failures that `asyncio.gather` has taken up are not heard."),
    "futures": (
        "del asyncio.futures._PyFuture.exception",
        "Failures that a `gather`, a `wait` or `cancel()` has looked at are not heard, nor are those of futures that are no"
        " tasks and are held to the end, nor tasks that go on when they are told to stop.",
    ),
    "thread_futures": (
        "del concurrent.futures.Future.set_exception",
        "Failures of work for other threads are not heard.",
    ),
    "shutdown": ("del asyncio.runners._cancel_all_tasks", "Tasks that are left at the end are not counted."),
    "coroutines": ("del warnings._warn_unawaited_coroutine", "Coroutines that are never awaited are not heard."),
    "sudden_end": ("del os._exit", "What is open when the process ends by `os._exit` or SIGTERM is not told."),
}


@pytest.mark.parametrize("name", GONE)
def test_a_hook_that_does_not_work_is_left_out_alone(name: str, launch: Launch) -> None:
    gone, said = GONE[name]
    source = f"""
import asyncio, concurrent.futures, os, warnings
{gone}
import heard
heard.install()

async def fail():
    raise ValueError("lost")

async def main():
    asyncio.create_task(fail())
    for _ in range(10):
        await asyncio.sleep(0)

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
heard.uninstall()
print("end")
"""
    ended = launch(source)
    assert (ended.code, ended.out) == (0, "end\n"), ended.err
    first, second, *_ = ended.err.splitlines()
    assert first.startswith(f"heard: {said} The hook `{name}` does not work here: "), ended.err
    assert second.startswith("heard: [lost] task 'Task-2' (fail) failed")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_without_the_events_of_the_interpreter_failures_are_looked_for(launch: Launch) -> None:
    source = """
        import asyncio, sys, time
        def refuse(*_):
            raise RuntimeError("refused")
        sys.monitoring.register_callback = refuse
        import heard
        seen = []
        heard.install(grace=0, report=seen.append)
        async def fail():
            raise ValueError("kept")
        async def main():
            task = asyncio.create_task(fail())
            for _ in range(1000):
                if seen or sys.version_info >= (3, 14):
                    break
                await asyncio.sleep(0.01)
            print(bool(seen) or sys.version_info >= (3, 14))
            task.exception()
        asyncio.run(main())
    """
    ended = launch(source)
    assert ended.out == "True\n", ended.err
    assert "sys.monitoring does not work: RuntimeError: refused" in ended.err


def test_what_is_open_stays_open_when_it_is_installed_anew() -> None:
    seen: list[heard.Failure] = []
    told = threading.Event()

    def report(failure: heard.Failure) -> None:
        seen.append(failure)
        told.set()

    async def main() -> None:
        task = asyncio.create_task(fail())
        for _ in range(10):
            await asyncio.sleep(0)
        heard.install(grace=0.02, escalate=0.03, report=report)
        while len(seen) < 2:
            await asyncio.sleep(0.01)
        assert task.done()

    heard.install(grace=60, report=lambda failure: None)
    asyncio.run(asyncio.wait_for(main(), 60))
    assert [failure.verdict for failure in seen] == ["unread", "escalated"]
    assert heard.stats() == heard.Stats(lost=1)


def test_the_count_of_what_is_unread_is_carried_over() -> None:
    seen: list[heard.Failure] = []

    async def main() -> None:
        task = asyncio.create_task(fail())
        while not seen:
            await asyncio.sleep(0.01)
        heard.install(grace=60, report=seen.append)
        assert heard.stats() == heard.Stats(unread=1)
        task.exception()
        while len(seen) < 2:
            await asyncio.sleep(0.01)

    heard.install(grace=0, report=seen.append)
    asyncio.run(asyncio.wait_for(main(), 60))
    assert [failure.verdict for failure in seen] == ["unread", "retracted"]
    assert heard.stats() == heard.Stats(retracted=1)


def test_loops_that_were_closed_are_freed() -> None:
    heard.install(report=lambda _: None)
    loop = asyncio.new_event_loop()
    task = loop.create_task(fail())
    # It ends in the turn in which the task fails, so nothing has looked at it when the loop is closed.
    task.add_done_callback(lambda _: loop.stop())
    loop.run_forever()
    loop.close()
    reference = weakref.ref(loop)
    del loop, task
    gc.collect()
    assert reference() is None


def test_what_it_replaces_is_put_back() -> None:
    import concurrent.futures
    import os
    import signal
    import warnings

    def places() -> list[object]:
        # The type checkers' declarations of asyncio leave this class out.
        gathering: type = getattr(asyncio.tasks, "_GatheringFuture")
        return [
            vars(owner).get(name)
            for owner, name in (
                (gathering, "set_result"),
                (gathering, "__await__"),
                (asyncio.Task, "exception"),
                (asyncio.runners, "_cancel_all_tasks"),
                (asyncio.BaseEventLoop, "call_exception_handler"),
                (asyncio.BaseEventLoop, "create_task"),
                (concurrent.futures.Future, "result"),
                (concurrent.futures.Future, "set_exception"),
                (warnings, "_warn_unawaited_coroutine"),
                (os, "_exit"),
                (signal, "signal"),
            )
        ]

    before = places()
    heard.install(report=lambda _: None)
    assert [old is new for old, new in zip(before, places(), strict=True)].count(True) <= 1
    heard.uninstall()
    assert places() == before
