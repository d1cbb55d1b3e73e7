"""Tasks that were cancelled and go on, and all those that are none of them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import typing
import weakref
from collections.abc import Callable, Coroutine

import pytest
from conftest import GRACE, elapse, go, turn

import heard

Work = Callable[[], Coroutine[typing.Any, typing.Any, object]]
GOOD: list[Work] = []


def good(function: Work) -> Work:
    GOOD.append(function)
    return function


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


@good
async def it_ends_by_a_return() -> None:
    try:
        while True:
            await for_ever()
    except asyncio.CancelledError:
        return


@good
async def it_ends_after_a_flush() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await for_ever()
    await elapse(5 * GRACE)


@good
async def it_ends_after_a_long_flush_in_a_function() -> None:
    async def flush() -> None:
        for _ in range(3):
            await elapse(2 * GRACE)

    with contextlib.suppress(asyncio.CancelledError):
        await for_ever()
    await flush()


@good
async def it_cleans_up_for_long() -> None:
    try:
        await for_ever()
    finally:
        for _ in range(3):
            await elapse(2 * GRACE)


@good
async def a_generator_that_it_goes_through_cleans_up() -> None:
    async def numbers() -> typing.AsyncGenerator[int, None]:
        try:
            while True:
                await for_ever()
                yield 1
        finally:
            await asyncio.create_task(elapse(5 * GRACE))

    async for _ in numbers():
        pass


@good
async def its_group_waits_for_a_child_that_cleans_up() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(it_cleans_up_for_long())
        await for_ever()


class Handwritten:
    """Awaits a coroutine step by step, as a client does that is not written with `async def`."""

    def __init__(self, work: Work) -> None:
        self.coroutine = work()

    def __await__(self) -> typing.Any:
        return self

    def __iter__(self) -> Handwritten:
        return self

    def __next__(self) -> typing.Any:
        return self.coroutine.send(None)

    def send(self, value: typing.Any) -> typing.Any:
        return self.coroutine.send(value)

    def throw(self, *error: typing.Any) -> typing.Any:
        return self.coroutine.throw(*error)


@good
async def something_written_by_hand_cleans_up() -> None:
    while True:
        await Handwritten(it_cleans_up_for_long)


@good
async def an_iterator_of_something_written_by_hand_cleans_up() -> None:
    class Items:
        def __aiter__(self) -> Items:
            return self

        def __anext__(self) -> Handwritten:
            return Handwritten(it_cleans_up_for_long)

    async for _ in Items():
        pass


@good
async def a_generator_awaits_something_written_by_hand() -> None:
    async def items() -> typing.AsyncGenerator[object, None]:
        while True:
            yield await Handwritten(it_cleans_up_for_long)

    async for _ in items():
        pass


@pytest.mark.parametrize("work", GOOD, ids=lambda work: work.__name__)
def test_it_is_none(work: Work, records: list[heard.Failure]) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(work())
        await turn()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    assert records == []
    assert heard.stats() == heard.Stats()


@pytest.mark.parametrize("how", ["timeout", "wait_for"])
def test_polling_with_time_outs(how: str, records: list[heard.Failure]) -> None:
    async def poll() -> None:
        queue: asyncio.Queue[None] = asyncio.Queue()
        for _ in range(12):
            with contextlib.suppress(TimeoutError):
                if how == "timeout":
                    async with asyncio.timeout(0):
                        await queue.get()
                else:
                    await asyncio.wait_for(queue.get(), 0.001)
            await elapse(GRACE)

    async def main() -> int:
        task = asyncio.create_task(poll())
        await task
        # Whatever is kept of its time-outs would be among these.
        return len(typing.cast(typing.Any, task)._callbacks or ())

    asyncio.run(main())
    assert records == []


def test_a_look_between_a_cancellation_and_its_delivery(records: list[heard.Failure]) -> None:
    async def main() -> None:
        task = asyncio.create_task(for_ever())
        for _ in range(3):
            await turn()
            # It has been thrown into one task, and two looks come before it arrives at the other.
            other = asyncio.create_task(for_ever())
            await turn()
            other.cancel()
            await turn()
            task.cancel()
            go(GRACE)
            go(GRACE)
            assert task.uncancel() == 0
        await asyncio.wait([task])

    asyncio.run(main())
    assert records == []


def test_a_task_that_goes_on(records: list[heard.Failure]) -> None:
    stop = False

    async def stubborn() -> None:
        while not stop:
            with contextlib.suppress(asyncio.CancelledError):
                await for_ever()

    async def main() -> None:
        nonlocal stop
        task = asyncio.create_task(stubborn(), name="stubborn")
        await turn()
        task.cancel()
        await elapse(3 * GRACE)
        stop = True
        task.cancel()
        await task

    asyncio.run(main())
    assert [(record.event, record.task, record.rule, record.verdict) for record in records] == [
        ("task-swallowed-cancel", "stubborn", "swallowed-cancellation", None)
    ]
    assert heard.stats().swallowed == 1


def test_what_goes_on_and_what_is_left_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    heard.install()
    try:

        async def main() -> None:
            asyncio.create_task(for_ever())
            await turn()

        with caplog.at_level(logging.DEBUG):
            asyncio.run(main())
        assert heard.stats().unfinished == 1
    finally:
        heard.uninstall()
    assert [record for record in caplog.records if record.name == "heard"] == []


class Request:
    """Something that a context refers to."""


def test_nothing_is_kept_of_a_cancellation(records: list[heard.Failure]) -> None:
    """Neither a callback nor a context, however often a long-lived task runs into a time-out."""
    current: contextvars.ContextVar[Request | None] = contextvars.ContextVar("current")
    alive: weakref.WeakSet[Request] = weakref.WeakSet()

    async def serve() -> int:
        for _ in range(8):
            request = Request()
            alive.add(request)
            current.set(request)
            del request
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await for_ever()
            await elapse(GRACE)
        current.set(None)
        task: typing.Any = asyncio.current_task()
        gc.collect()
        assert len(alive) == 0
        return len(task._callbacks or ())

    async def main() -> int:
        return await asyncio.create_task(serve())

    # The one that waits for it, and no more.
    assert asyncio.run(main()) == 1
