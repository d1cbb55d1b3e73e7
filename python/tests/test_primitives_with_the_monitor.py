"""The monitor says nothing of what the primitives do: what they wait for may take long to end when it is cancelled."""

from __future__ import annotations

import asyncio
import itertools
import typing

import pytest

import heard

#: Longer than the monitor's patience with a task that was cancelled.
LONG = 0.35


async def slow_to_end(*_: object) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(LONG)


async def in_a_group(on_failure: typing.Literal["collect", "cancel"]) -> None:
    async with heard.Group(on_failure=on_failure) as group:
        group.create_task(slow_to_end())


async def in_outcomes() -> None:
    await heard.outcomes([slow_to_end(), slow_to_end()])


async def in_a_map() -> None:
    async for _ in heard.map(slow_to_end, itertools.count(), limit=3):
        pass


async def in_threads() -> None:
    async for _ in heard.map(slow_to_end, itertools.count(), limit=3, threads=2):
        pass


async def in_a_service() -> None:
    service = heard.supervise(slow_to_end)
    try:
        await asyncio.sleep(60)
    finally:
        await service.stop()


USES: dict[str, typing.Callable[[], typing.Coroutine[typing.Any, typing.Any, None]]] = {
    "collect": lambda: in_a_group("collect"),
    "cancel": lambda: in_a_group("cancel"),
    "outcomes": in_outcomes,
    "map": in_a_map,
    "threads": in_threads,
    "service": in_a_service,
}


@pytest.mark.parametrize("use", USES)
def test_a_slow_end_is_no_swallowed_cancellation(use: str, records: list[heard.Failure]) -> None:
    async def main() -> None:
        task = asyncio.create_task(USES[use]())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert records == []


def test_items_that_are_cancelled_are_no_swallowed_cancellations(records: list[heard.Failure]) -> None:
    async def work(n: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        if n % 2:
            task.cancel()
        async with asyncio.timeout(0.001 if n % 4 == 0 else None):
            await asyncio.sleep(0.01)

    async def main() -> None:
        async for outcome in heard.map(work, range(12), limit=3):
            assert outcome.cancelled or isinstance(outcome.error, TimeoutError) or outcome.ok

    asyncio.run(main())
    assert records == []
