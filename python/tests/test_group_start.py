"""`Group.start`, which waits until a function is ready, and `Group.cancel`."""

from __future__ import annotations

import asyncio
import typing

import pytest

import heard
from conftest import LoopFactory

Status = heard.TaskStatus[int]


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


async def serve(port: int, *, task_status: Status = heard.TASK_STATUS_IGNORED) -> None:
    await asyncio.sleep(0)
    task_status.started(port + 1)
    await asyncio.sleep(60)


async def never_ready(error: BaseException | None = None, *, task_status: Status) -> None:
    await asyncio.sleep(0)
    if error is not None:
        raise error


async def waits(*, task_status: Status) -> None:
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        raise LookupError("on the way out")


def told(records: list[heard.Failure]) -> list[tuple[str, str]]:
    return [(failure.event, failure.exception.message) for failure in records if failure.exception]


@pytest.mark.parametrize("bounds", [{}, {"limit": 1}])
def test_it_returns_what_the_function_says_when_it_is_ready(
    bounds: dict[str, typing.Any], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        async with heard.Group(**bounds) as group:
            assert await group.start(serve, 8080, name="server") == 8081
            assert "server" in {task.get_name() for task in asyncio.all_tasks()}
            group.cancel()
        assert len(asyncio.all_tasks()) == 1

    run(main(), loop_factory)


def test_eager_tasks_may_be_ready_at_once() -> None:
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        pytest.skip("there are no eager tasks before 3.12")

    async def at_once(*, task_status: Status) -> None:
        task_status.started(1)

    async def main() -> object:
        asyncio.get_running_loop().set_task_factory(factory)
        async with heard.Group() as group:
            return await group.start(at_once)

    assert asyncio.run(main()) == 1


def test_a_failure_after_it_was_ready_is_one_of_the_groups(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def fails(*, task_status: heard.TaskStatus[None]) -> None:
        task_status.started()
        raise LookupError("later")

    async def main() -> None:
        with pytest.raises(ExceptionGroup):
            async with heard.Group() as group:
                assert await group.start(fails) is None

    run(main(), loop_factory)
    assert told(records) == [("child-failed", "later")]


def test_a_failure_before_it_was_ready_is_raised_by_start_alone(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        async with heard.Group(limit=1) as group:
            with pytest.raises(LookupError, match="bind"):
                await group.start(never_ready, LookupError("bind"))
            with pytest.raises(RuntimeError, match="never called task_status.started"):
                await group.start(never_ready)
            with pytest.raises(heard.ChildCancelled, match="before it was ready"):
                await group.start(never_ready, asyncio.CancelledError())
            with pytest.raises(TypeError):
                await group.start(typing.cast(typing.Any, serve), 1, 2)
            # None of them holds the only place.
            assert await group.start(serve, 1) == 2
            group.cancel()

    run(main(), loop_factory)
    assert records == []


def test_to_be_ready_twice_is_an_error(loop_factory: LoopFactory) -> None:
    async def twice(*, task_status: Status) -> None:
        task_status.started(1)
        with pytest.raises(RuntimeError, match="has been called already"):
            task_status.started(2)

    async def main() -> object:
        async with heard.Group() as group:
            return await group.start(twice)

    assert run(main(), loop_factory) == 1


def test_a_start_that_is_cancelled_ends_the_function_and_tells_its_failure(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        async with heard.Group() as group:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await group.start(waits)
            assert len(asyncio.all_tasks()) == 1

    run(main(), loop_factory)
    assert told(records) == [("child-failed", "on the way out")]


def test_a_group_that_ends_cancels_what_is_not_ready(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def hangs(*, task_status: Status) -> None:
        await asyncio.sleep(60)

    async def starts(group: heard.Group) -> None:
        await group.start(hangs)

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            async with heard.Group(on_failure="cancel") as group:
                group.create_task(starts(group))
                await asyncio.sleep(0.01)
                group.create_task(never_ready(LookupError("sibling"), task_status=heard.TASK_STATUS_IGNORED))
        assert [str(error) for error in caught.value.exceptions] == ["sibling"]
        assert len(asyncio.all_tasks()) == 1

    run(main(), loop_factory)


@pytest.mark.parametrize("on_failure", ["collect", "cancel", "report"])
@pytest.mark.parametrize("where", ["body that waits", "body that ends", "task", "outside", "before"])
def test_cancel_ends_body_and_tasks_without_an_exception(
    where: str, on_failure: typing.Literal["collect", "cancel", "report"], loop_factory: LoopFactory
) -> None:
    cancelled: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.append("task")

    async def cancels(group: heard.Group) -> None:
        group.cancel()

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        group = heard.Group(on_failure=on_failure)
        if where == "before":
            group.cancel()
        async with group:
            if where == "before":
                with pytest.raises(RuntimeError, match="shutting down"):
                    group.create_task(work())
                await asyncio.sleep(60)
            group.create_task(work())
            await asyncio.sleep(0)
            if where == "task":
                group.create_task(cancels(group))
            elif where == "outside":
                asyncio.get_running_loop().call_soon(group.cancel)
            else:
                group.cancel()
                group.cancel()
            if where != "body that ends":
                await asyncio.sleep(60)
        assert task.cancelling() == 0
        # No cancellation is left for what comes after the block.
        await asyncio.sleep(0)
        group.cancel()
        assert cancelled == ([] if where == "before" else ["task"])

    run(main(), loop_factory)


def test_failures_on_the_way_out_of_a_cancelled_group_are_raised(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(ExceptionGroup):
            async with heard.Group(on_failure="cancel") as group:
                group.create_task(waits(task_status=heard.TASK_STATUS_IGNORED))
                await asyncio.sleep(0)
                group.cancel()
        await asyncio.sleep(0)
        assert task.cancelling() == 0

    run(main(), loop_factory)


def test_a_cancellation_from_outside_beside_ones_own_goes_on(loop_factory: LoopFactory) -> None:
    async def inner(group: heard.Group) -> None:
        async with group:
            await asyncio.sleep(60)

    async def main() -> None:
        group = heard.Group()
        task = asyncio.create_task(inner(group))
        await asyncio.sleep(0)
        group.cancel()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main(), loop_factory)


def test_a_cancellation_while_a_cancelled_group_ends_goes_on(loop_factory: LoopFactory) -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)

    async def inner() -> None:
        async with heard.Group() as group:
            group.create_task(slow())
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.001, group.cancel)

    async def main() -> None:
        task = asyncio.create_task(inner())
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main(), loop_factory)


def test_a_cancellation_from_outside_that_the_body_has_not_waited_for_goes_on(loop_factory: LoopFactory) -> None:
    async def inner() -> None:
        async with heard.Group() as group:
            await asyncio.sleep(0)
            task = asyncio.current_task()
            assert task is not None
            group.cancel()
            task.cancel("from outside")

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(inner())

    run(main(), loop_factory)
