"""Whatever address an object has, and whoever had it before: a record is about this object."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import gc

import pytest
from conftest import GRACE, LoopFactory, elapse, go, turn

import heard


async def fail(name: str) -> None:
    await asyncio.sleep(0)
    raise LookupError(name)


def wrong(records: list[heard.Failure]) -> list[heard.Failure]:
    """Those that name another coroutine than the one that raised."""
    return [
        record
        for record in records
        if record.exception is not None and not record.repeated and record.exception.message != f"'{record.task}'"
        and record.exception.message != record.task
    ]


def test_tasks_that_are_read_and_tasks_that_are_dropped(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def request(name: str) -> None:
        task = asyncio.create_task(fail(name), name=name)
        await turn()
        with contextlib.suppress(LookupError):
            await task

    async def main() -> None:
        for number in range(40):
            await asyncio.gather(*(request(f"read {number} {one}") for one in range(5)))
            asyncio.create_task(fail(f"lost {number}"), name=f"lost {number}")
            await elapse(GRACE)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    go(60)
    assert heard.stats() == heard.Stats(lost=40)
    assert wrong(records) == []
    assert {record.task for record in records if record.task} <= {f"lost {number}" for number in range(40)}


def test_a_future_has_no_birth_of_a_task(records: list[heard.Failure]) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(900)]
        await asyncio.gather(*tasks)
        del tasks
        gc.collect()
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(3000)]
        for future in futures:
            future.set_exception(ValueError("of no task"))
        del future, futures
        await turn()

    asyncio.run(main())
    assert heard.stats().lost == 3000
    assert [record for record in records if record.born or record.task] == []


def test_thread_futures_that_are_dropped_are_counted(records: list[heard.Failure]) -> None:
    for number in range(100):
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        future.set_exception(ValueError(number))
        del future
        read: concurrent.futures.Future[None] = concurrent.futures.Future()
        read.set_exception(ValueError("read"))
        read.exception()
        del read
    go(10)
    assert heard.stats() == heard.Stats(lost=100)


def test_verdicts_stay_with_their_tasks(records: list[heard.Failure]) -> None:
    """Unread ones, of which some are read and some are dropped, while others take their addresses."""
    held: collections.deque[asyncio.Task[None]] = collections.deque()

    async def main() -> None:
        for number in range(60):
            name = f"{'read' if number % 2 else 'lost'} {number}"
            held.append(asyncio.create_task(fail(name), name=name))
            await elapse(GRACE)
            if len(held) > 3:
                task = held.popleft()
                if task.get_name().startswith("read"):
                    task.exception()
                del task
        while held:
            task = held.popleft()
            if task.get_name().startswith("read"):
                task.exception()
            del task
        await turn()
        go(10)

    asyncio.run(main())
    by_verdict = collections.defaultdict(set)
    for record in records:
        if record.task is not None and not record.repeated:
            by_verdict[record.verdict].add(record.task.partition(" ")[0])
    assert by_verdict["lost"] | by_verdict["escalated"] == {"lost"}
    assert by_verdict["retracted"] == {"read"}
    assert heard.stats().lost == 30 and heard.stats().unread == 0
    assert wrong(records) == []


def test_a_failure_after_the_next_installation(records: list[heard.Failure]) -> None:
    async def main() -> None:
        task = asyncio.create_task(fail("kept"), name="kept")
        await turn()
        heard.install(grace=GRACE / 2, report=records.append)
        await elapse(GRACE)
        task.get_name()

    asyncio.run(main())
    assert [(record.task, record.verdict) for record in records][:1] == [("kept", "unread")]


@pytest.mark.parametrize("count", [1, 5])
def test_told_once(count: int, records: list[heard.Failure]) -> None:
    """A sibling that fails when it is cancelled at the end of its loop."""

    async def stubborn() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ValueError("in the clean-up")

    async def main() -> None:
        with contextlib.suppress(LookupError):
            await asyncio.gather(fail("first"), *(stubborn() for _ in range(count)))

    asyncio.run(main())
    gc.collect()
    assert heard.stats().lost == count
