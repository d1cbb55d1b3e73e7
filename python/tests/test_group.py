"""`Group`: what happens beside a failure, at the end, and under bounds. CPython's tests cover `on_failure="cancel"`."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import typing
import weakref

import pytest

import heard
from conftest import LoopFactory, turn


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


async def fail(error: BaseException, turns: int = 0) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    raise error


def test_siblings_and_body_live_and_each_failure_is_told_when_it_happens(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    ended: list[str] = []

    async def sibling(body: asyncio.Event) -> None:
        await body.wait()
        await turn()
        ended.append("sibling")

    async def main() -> None:
        body = asyncio.Event()
        with pytest.raises(ExceptionGroup) as caught:
            async with heard.Group() as group:
                group.create_task(fail(KeyError("a")), name="first")
                group.create_task(sibling(body))
                await turn()
                ended.append("body")
                body.set()
                assert [failure.task for failure in records] == ["first"]
                group.create_task(fail(ValueError("b")), name="second")
        assert [repr(error) for error in caught.value.exceptions] == ["KeyError('a')", "ValueError('b')"]

    run(main(), loop_factory)
    assert ended == ["body", "sibling"]
    assert [(failure.event, failure.task, failure.born[0].function.rpartition(".")[2]) for failure in records] == [
        ("child-failed", "first", "main"),
        ("child-failed", "second", "main"),
    ]


def test_an_exception_of_the_body_cancels_the_tasks_and_is_in_the_group(loop_factory: LoopFactory) -> None:
    cancelled: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as caught:
            async with heard.Group() as group:
                group.create_task(waits())
                await asyncio.sleep(0)
                raise LookupError("body")
        assert [type(error) for error in caught.value.exceptions] == [LookupError]

    run(main(), loop_factory)
    assert cancelled == [True]


@pytest.mark.parametrize("on_failure", ["collect", "cancel"])
def test_a_cancellation_beside_failures_is_delivered_once(
    on_failure: typing.Literal["collect", "cancel"], loop_factory: LoopFactory, records: list[heard.Failure]
) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("on the way out")

    async def inner() -> str:
        try:
            async with heard.Group(on_failure=on_failure) as group:
                group.create_task(stubborn())
        except* LookupError:
            pass
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            # The one from outside; there is no other.
            await asyncio.sleep(0.01)
            return "cancelled once"
        return "the cancellation was eaten"

    async def main() -> str:
        task = asyncio.create_task(inner())
        await turn()
        task.cancel()
        return await task

    assert run(main(), loop_factory) == "cancelled once"


@pytest.mark.parametrize("on_failure", ["collect", "cancel"])
def test_a_timeout_around_failures_leaves_no_cancellation_behind(
    on_failure: typing.Literal["collect", "cancel"], loop_factory: LoopFactory, records: list[heard.Failure]
) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("on the way out")

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(BaseException) as caught:
            async with asyncio.timeout(0.01):
                async with heard.Group(on_failure=on_failure) as group:
                    group.create_task(stubborn())
        assert isinstance(caught.value, (ExceptionGroup, TimeoutError))
        await asyncio.sleep(0.01)
        assert task.cancelling() == 0

    run(main(), loop_factory)


@pytest.mark.parametrize("on_failure", ["collect", "cancel"])
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_ends_of_the_program_in_the_body_are_raised_bare(
    end: type[BaseException], on_failure: typing.Literal["collect", "cancel"], loop_factory: LoopFactory
) -> None:
    tasks = []

    async def main() -> None:
        async with heard.Group(on_failure=on_failure) as group:
            tasks.append(group.create_task(asyncio.sleep(60)))
            raise end

    with pytest.raises(end):
        run(main(), loop_factory)
    assert tasks[0].cancelled()


def test_tasks_may_add_tasks_while_the_group_waits_for_its_end(loop_factory: LoopFactory) -> None:
    ran: list[int] = []

    async def work(group: heard.Group, depth: int) -> None:
        await asyncio.sleep(0)
        ran.append(depth)
        if depth:
            group.create_task(work(group, depth - 1))

    async def main() -> None:
        async with heard.Group() as group:
            group.create_task(work(group, 3))

    run(main(), loop_factory)
    assert ran == [3, 2, 1, 0]


@pytest.mark.parametrize("how", ["create_task", "submit"])
def test_no_more_than_limit_run_at_a_time(how: str, loop_factory: LoopFactory) -> None:
    running, most, started_ahead = 0, 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    async def main() -> None:
        nonlocal started_ahead
        async with heard.Group(limit=3) as group:
            for _ in range(20):
                if how == "submit":
                    await group.submit(work())
                    started_ahead = max(started_ahead, len(asyncio.all_tasks()) - 1)
                else:
                    group.create_task(work())

    run(main(), loop_factory)
    assert most == 3
    if how == "submit":
        # The tasks that have ended count until the loop has told the group.
        assert started_ahead <= 3


@pytest.mark.filterwarnings("error")
def test_what_waits_for_its_turn_is_cancelled_without_having_begun(loop_factory: LoopFactory) -> None:
    begun: list[int] = []

    async def work(n: int) -> None:
        begun.append(n)
        await asyncio.sleep(60)

    async def main() -> None:
        async with asyncio.timeout(0.01), heard.Group(limit=1) as group:
            for n in range(3):
                group.create_task(work(n))
            await group.submit(work(3))

    with pytest.raises(TimeoutError):
        run(main(), loop_factory)
    assert begun == [0]


def test_rate_is_starts_in_a_second(loop_factory: LoopFactory) -> None:
    begun: list[int] = []

    async def work(n: int) -> None:
        begun.append(n)

    async def main(rate: float) -> None:
        async with asyncio.timeout(0.05 if rate < 1 else None), heard.Group(rate=rate) as group:
            for n in range(11):
                group.create_task(work(n))

    # The next one would start in 100 seconds.
    with pytest.raises(TimeoutError):
        run(main(rate=0.01), loop_factory)
    assert begun == [0]

    begun.clear()
    run(main(rate=1000), loop_factory)
    assert begun == list(range(11))


def test_names_and_contexts_are_the_callers_choice(loop_factory: LoopFactory) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outer")

    async def work() -> tuple[str, str]:
        task = asyncio.current_task()
        assert task is not None
        return task.get_name(), variable.get()

    async def main() -> list[tuple[str, str]]:
        context = contextvars.copy_context()
        context.run(variable.set, "inner")
        async with heard.Group(limit=1) as group:
            tasks = [group.create_task(work(), name="n", context=context), group.create_task(work())]
            tasks.append(await group.submit(work(), context=context))
        return [task.result() for task in tasks]

    first, second, third = run(main(), loop_factory)
    assert first == ("n", "inner")
    assert second[0].endswith("work") and second[1] == "outer"
    assert third[1] == "inner"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bounds", [{"limit": 0}, {"rate": 0}, {"rate": float("inf")}, {"on_failure": "ignore"}])
def test_senseless_arguments_are_refused(bounds: dict[str, typing.Any]) -> None:
    with pytest.raises(ValueError):
        heard.Group(**bounds)


def test_failures_leave_no_cycles(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        error: BaseException | None = None
        try:
            async with heard.Group() as group:
                group.create_task(fail(LookupError()))
        except ExceptionGroup as caught:
            error = caught
        assert error is not None
        del error, group

    gc.collect()
    gc.disable()
    try:
        run(main(), loop_factory)
        assert not [one for one in gc.get_objects() if isinstance(one, heard.Group)]
    finally:
        gc.enable()


@pytest.mark.parametrize("on_failure", ["report", "function"])
def test_what_is_reported_is_forgotten(
    on_failure: str, records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    seen: list[heard.Failure] = []
    errors: weakref.WeakSet[BaseException] = weakref.WeakSet()

    class Failed(Exception):
        pass

    async def fails() -> None:
        error = Failed("told")
        errors.add(error)
        raise error

    async def main() -> None:
        async with heard.Group(on_failure="report" if on_failure == "report" else seen.append) as group:
            group.create_task(fails())
            await turn()
            gc.collect()
            assert len(errors) == 0
            group.create_task(asyncio.sleep(0))

    run(main(), loop_factory)
    heard_by = records if on_failure == "report" else seen
    assert [(failure.event, failure.exception and failure.exception.message) for failure in heard_by] == [
        ("child-failed", "told")
    ]
    assert len(records) + len(seen) == 1


def test_abort_ends_main(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        async with heard.Group(on_failure="abort") as group:
            group.create_task(fail(LookupError("fatal")))
            await asyncio.sleep(60)

    with pytest.raises(LookupError, match="fatal"):
        heard.run(main(), loop_factory=loop_factory)


def test_an_exception_of_the_body_of_a_reporting_group_is_raised_bare(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        async with heard.Group(on_failure="report") as group:
            group.create_task(asyncio.sleep(60))
            raise LookupError("body")

    with pytest.raises(LookupError, match="body"):
        run(main(), loop_factory)
    assert records == []


async def in_a_group(error: BaseException) -> None:
    async with heard.Group() as group:
        group.create_task(fail(error))


async def in_a_stock_group(error: BaseException) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(in_a_group(error))


async def in_two_groups(error: BaseException) -> None:
    async with heard.Group() as group:
        group.create_task(in_a_group(error))


@pytest.mark.parametrize("nested", [in_a_group, in_a_stock_group, in_two_groups])
@pytest.mark.parametrize("outer", ["group", "spawn", "contained"])
def test_one_failure_in_nested_groups_is_told_once(
    nested: typing.Callable[[BaseException], typing.Coroutine[typing.Any, typing.Any, None]],
    outer: str,
    records: list[heard.Failure],
    loop_factory: LoopFactory,
) -> None:
    async def main() -> None:
        if outer == "group":
            with pytest.raises(ExceptionGroup):
                async with heard.Group() as group:
                    group.create_task(nested(LookupError("inner")))
        elif outer == "spawn":
            heard.spawn(nested(LookupError("inner")))
            await heard.drain()
        else:
            await heard.contained(nested(LookupError("inner")))

    run(main(), loop_factory)
    assert [(failure.event, failure.exception and failure.exception.message) for failure in records] == [
        ("child-failed", "inner")
    ]


def test_what_is_new_in_a_nested_failure_is_told(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def inner() -> None:
        async with heard.Group() as group:
            group.create_task(fail(LookupError("task")))
            await turn()
            raise LookupError("body")

    async def main() -> None:
        heard.spawn(inner())
        await heard.drain()

    run(main(), loop_factory)
    task, body = [failure.exception for failure in records]
    assert task is not None and task.message == "task"
    assert body is not None and [one.message for one in body.exceptions] == ["body"]


@pytest.mark.parametrize("on_failure", ["collect", "cancel"])
def test_the_message_of_a_cancellation_from_outside_is_kept(
    on_failure: typing.Literal["collect", "cancel"], loop_factory: LoopFactory, records: list[heard.Failure]
) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("on the way out")

    async def inner() -> object:
        try:
            async with heard.Group(on_failure=on_failure) as group:
                group.create_task(stubborn())
        except* LookupError:
            pass
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as cancellation:
            return cancellation.args
        return None

    async def main() -> None:
        task = asyncio.create_task(inner())
        await turn()
        task.cancel("by a scope")
        assert await task == ("by a scope",)

    run(main(), loop_factory)


def test_an_exception_of_the_body_is_not_lost_beside_a_cancellation(loop_factory: LoopFactory) -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)

    async def inner() -> str:
        try:
            async with heard.Group() as group:
                group.create_task(slow())
                await asyncio.sleep(0)
                raise LookupError("body")
        except* LookupError:
            pass
        await asyncio.sleep(60)
        return "the cancellation was eaten"

    async def main() -> None:
        task = asyncio.create_task(inner())
        await turn()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main(), loop_factory)


@pytest.mark.parametrize("waits", [True, False])
def test_a_cancellation_that_was_swallowed_before_the_group_does_not_end_it(
    waits: bool, loop_factory: LoopFactory
) -> None:
    async def main() -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        async with heard.Group(on_failure="cancel") as group:
            await asyncio.sleep(0)
            group.cancel()
            if waits:
                await asyncio.sleep(60)
        await asyncio.sleep(0)
        return "went on"

    assert run(main(), loop_factory) == "went on"


def test_a_generator_that_is_closed_inside_of_a_group_ends_as_such(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("on the way out")

    async def numbers() -> typing.AsyncIterator[int]:
        async with heard.Group(on_failure="cancel") as group:
            group.create_task(stubborn())
            await asyncio.sleep(0)
            yield 1

    async def main() -> None:
        iterator = numbers()
        async for _ in iterator:
            break
        await typing.cast("typing.AsyncGenerator[int, None]", iterator).aclose()

    run(main(), loop_factory)
    assert [failure.exception and failure.exception.message for failure in records] == ["on the way out"]
