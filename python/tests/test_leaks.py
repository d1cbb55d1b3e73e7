"""The monitor keeps nothing beyond its verdict."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import typing
import weakref

import pytest
from conftest import GRACE, LoopFactory, elapse, go

import heard


class Marked(Exception):
    """An exception that can be referred to weakly."""


class Heavy:
    """A local variable of what fails."""


@pytest.mark.parametrize("kept", [False, True], ids=["dropped", "kept"])
def test_task_exception_and_frame_are_let_go(
    kept: bool, records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    references: list[weakref.ref[typing.Any]] = []
    holder = []

    async def work() -> None:
        heavy = Heavy()
        error = Marked("lost")
        references.extend([weakref.ref(heavy), weakref.ref(error)])
        try:
            raise error
        finally:
            del error

    async def main() -> None:
        task = asyncio.create_task(work())
        references.append(weakref.ref(task))
        if kept:
            holder.append(task)
        del task
        await elapse(2 * GRACE)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert [record.verdict for record in records] == ["unread" if kept else "lost"]
    holder.clear()
    gc.collect()
    assert [reference() for reference in references] == [None, None, None]


def test_handled_failures_leave_nothing_behind(records: list[heard.Failure]) -> None:
    async def fail() -> None:
        raise ValueError

    async def main() -> None:
        for _ in range(300):
            try:
                await asyncio.create_task(fail())
            except ValueError:
                pass

    asyncio.run(main())
    go(1)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(5):
        asyncio.run(main())
    go(1)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200
    assert records == []


def test_lost_failures_leave_nothing_behind(records: list[heard.Failure]) -> None:
    async def fail() -> None:
        raise ValueError

    async def main(count: int) -> None:
        for _ in range(count):
            asyncio.create_task(fail())
            await asyncio.sleep(0)

    asyncio.run(main(2000))
    gc.collect()
    before = sys.getallocatedblocks()
    asyncio.run(main(3000))
    gc.collect()
    assert sys.getallocatedblocks() - before < 1000
    assert heard.stats().lost == 5000


def test_uninstalling_leaves_no_trace() -> None:
    import asyncio.base_events
    import asyncio.futures
    import asyncio.runners
    import asyncio.tasks
    import concurrent.futures
    import logging
    import warnings

    owners = [
        asyncio,
        asyncio.tasks,
        asyncio.futures,
        asyncio.runners,
        asyncio.base_events.BaseEventLoop,
        concurrent.futures.Future,
        warnings,
        getattr(asyncio.tasks, "_scheduled_tasks", getattr(asyncio.tasks, "_all_tasks", asyncio)),
    ]
    if "uvloop" in sys.modules:
        owners.append(sys.modules["uvloop"].Loop)

    def state() -> list[object]:
        return [
            [dict(vars(owner)) for owner in owners],
            list(sys.meta_path),
            list(logging.getLogger("asyncio").filters),
            sys.get_coroutine_origin_tracking_depth(),
            [sys.monitoring.get_tool(tool) for tool in range(6)] if sys.version_info >= (3, 12) else None,
            threading.enumerate(),
        ]

    before = state()
    heard.install(origins=2)
    heard.install(origins=2)
    during = state()
    heard.uninstall()
    heard.uninstall()
    after = state()
    assert during != before

    def without_values_that_change(state: list[object]) -> list[object]:
        return [[{key for key in owner} for owner in typing.cast("list[dict[str, object]]", state[0])], *state[1:]]

    assert without_values_that_change(after) == without_values_that_change(before)
    for was, now in zip(
        typing.cast("list[dict[str, object]]", before[0]), typing.cast("list[dict[str, object]]", after[0]), strict=True
    ):
        assert all(now[key] is value for key, value in was.items())


def test_no_thread_shows(records: list[heard.Failure]) -> None:
    kept = []

    async def fail() -> None:
        raise ValueError

    async def main() -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    threads = threading.enumerate()
    asyncio.run(main())
    go(10)
    assert len(records) == 1
    assert threading.enumerate() == threads
