"""Failures that somebody reads: within the grace period there is no word, later one report that is taken back."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextvars
import functools
import threading
import typing
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from conftest import GRACE, LoopFactory, elapse, go, turn

import heard

Read = Callable[[float], Awaitable[object]]
CONTROLS: list[Read] = []


def control(function: Read) -> Read:
    CONTROLS.append(function)
    return function


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("read late")


def start() -> asyncio.Task[None]:
    return asyncio.create_task(fail())


async def awaited(awaitable: Awaitable[object]) -> None:
    with pytest.raises(ValueError, match="read late"):
        await awaitable


@control
async def a_variable(delay: float) -> None:
    task = start()
    await elapse(delay)
    await awaited(task)


class Box:
    task: asyncio.Task[None]


@control
async def an_attribute(delay: float) -> None:
    box = Box()
    box.task = start()
    await elapse(delay)
    await awaited(box.task)


class Slotted:
    __slots__ = ("task",)

    def __init__(self) -> None:
        self.task = start()


@control
async def a_slot(delay: float) -> None:
    box = Slotted()
    await elapse(delay)
    await awaited(box.task)


@control
async def a_dictionary(delay: float) -> None:
    tasks = {"one": start()}
    await elapse(delay)
    await awaited(tasks["one"])


@control
async def a_list_that_is_walked_through(delay: float) -> None:
    for task in [asyncio.create_task(elapse(delay)), start()]:
        if task.get_coro().__qualname__ == "fail":  # type: ignore[union-attr]
            await awaited(task)
        else:
            await task


@control
async def a_queue(delay: float) -> None:
    queue: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()
    queue.put_nowait(start())
    await elapse(delay)
    await awaited(await queue.get())


@control
async def a_deque(delay: float) -> None:
    tasks = collections.deque([start()])
    await elapse(delay)
    await awaited(tasks.popleft())


@control
async def a_closure(delay: float) -> None:
    task = start()

    async def read() -> None:
        await elapse(delay)
        await awaited(task)

    await read()


@control
async def a_partial(delay: float) -> None:
    read = functools.partial(awaited, start())
    await elapse(delay)
    await read()


@control
async def a_default_argument(delay: float) -> None:
    async def read(task: asyncio.Task[None] = start()) -> None:  # noqa: B008
        await awaited(task)

    await elapse(delay)
    await read()


variable: contextvars.ContextVar[asyncio.Task[None]] = contextvars.ContextVar("variable")


@control
async def a_context_variable(delay: float) -> None:
    variable.set(start())
    await elapse(delay)
    await awaited(variable.get())


shared: list[asyncio.Task[None]] = []


@control
async def a_global(delay: float) -> None:
    shared.append(start())
    await elapse(delay)
    await awaited(shared.pop())


@control
async def a_generator(delay: float) -> None:
    async def tasks() -> AsyncIterator[asyncio.Task[None]]:
        task = start()
        await elapse(delay)
        yield task

    async for task in tasks():
        await awaited(task)


@control
async def another_task(delay: float) -> None:
    async def make() -> asyncio.Task[None]:
        return start()

    maker = asyncio.create_task(make())
    await elapse(delay)
    await awaited(await maker)


@control
async def a_late_callback(delay: float) -> None:
    task = start()
    seen: list[BaseException | None] = []
    await elapse(delay)
    task.add_done_callback(lambda task: seen.append(task.exception()))
    await turn()
    assert len(seen) == 1


@control
async def polling(delay: float) -> None:
    task = start()
    while not task.done():
        await elapse(delay)
    assert task.exception() is not None


@control
async def a_late_gather(delay: float) -> None:
    tasks = [start(), start()]
    await elapse(delay)
    assert all([isinstance(outcome, ValueError) for outcome in await asyncio.gather(*tasks, return_exceptions=True)])


@control
async def a_gather_that_is_awaited_late(delay: float) -> None:
    gathering = asyncio.gather(fail(), asyncio.sleep(0))
    await elapse(delay)
    await awaited(gathering)


@control
async def a_late_wait(delay: float) -> None:
    tasks = [start()]
    await elapse(delay)
    done, _ = await asyncio.wait(tasks)
    for task in done:
        await awaited(task)


@control
async def a_wait_whose_result_is_read_late(delay: float) -> None:
    done, _ = await asyncio.wait([start()], return_when=asyncio.FIRST_EXCEPTION)
    await elapse(delay)
    for task in done:
        await awaited(task)


@control
async def as_completed_late(delay: float) -> None:
    tasks = [start()]
    await elapse(delay)
    for next_one in asyncio.as_completed(tasks):
        await awaited(next_one)


@control
async def a_late_shield(delay: float) -> None:
    task = start()
    await elapse(delay)
    await awaited(asyncio.shield(task))


@control
async def a_late_timeout(delay: float) -> None:
    task = start()
    await elapse(delay)
    await awaited(asyncio.wait_for(task, 5))


@control
async def a_finally(delay: float) -> None:
    task = start()
    try:
        await elapse(delay)
    finally:
        await awaited(task)


@control
async def a_with_block(delay: float) -> None:
    class Scope:
        async def __aenter__(self) -> None:
            self.task = start()

        async def __aexit__(self, *_: object) -> None:
            await awaited(self.task)

    async with Scope():
        await elapse(delay)


@control
async def a_method_of_its_owner(delay: float) -> None:
    class Worker:
        def start(self) -> None:
            self.task = asyncio.create_task(self.work())

        async def work(self) -> None:
            await asyncio.sleep(0)
            raise ValueError("read late")

        async def stop(self) -> None:
            await awaited(self.task)

    worker = Worker()
    worker.start()
    await elapse(delay)
    await worker.stop()


@control
async def reflection(delay: float) -> None:
    task = start()  # noqa: F841
    await elapse(delay)
    await awaited(typing.cast("asyncio.Task[None]", locals()["task"]))


@control
async def another_thread(delay: float) -> None:
    loop = asyncio.get_running_loop()
    future = asyncio.run_coroutine_threadsafe(fail(), loop)

    def read() -> None:
        with pytest.raises(ValueError, match="read late"):
            future.result(0)

    await elapse(delay)
    await asyncio.to_thread(read)


@control
async def a_thread_that_holds_the_task(delay: float) -> None:
    go_on = threading.Event()

    def read(task: asyncio.Task[None]) -> None:
        go_on.wait()
        assert isinstance(task.exception(), ValueError)

    # The queue keeps no reference to what was taken from it.
    thread = threading.Thread(target=read, args=(start(),))
    thread.start()
    await elapse(delay)
    go_on.set()
    thread.join()


def fail_now() -> None:
    raise ValueError("read late")


@control
async def an_executor(delay: float) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(fail_now)
        concurrent.futures.wait([future])
        await elapse(delay)
        assert isinstance(future.exception(), ValueError)


@control
async def a_thread_future_that_is_awaited_late(delay: float) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = asyncio.get_running_loop().run_in_executor(pool, fail_now)
    await elapse(delay)
    await awaited(future)


@control
async def a_thread_future_that_is_wrapped_late(delay: float) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future: concurrent.futures.Future[object] = pool.submit(fail_now)
        concurrent.futures.wait([future])
        await elapse(delay)
        await awaited(asyncio.wrap_future(future))


def run(read: Read, delay: float, loop_factory: LoopFactory) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(typing.cast("typing.Coroutine[object, object, object]", read(delay)))


@pytest.mark.parametrize("read", CONTROLS, ids=lambda read: read.__name__)
def test_no_word_within_the_grace_period(read: Read, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    run(read, GRACE / 4, loop_factory)
    go(0.1)
    assert records == []


@pytest.mark.parametrize("read", CONTROLS, ids=lambda read: read.__name__)
def test_one_report_that_is_taken_back(read: Read, records: list[heard.Failure]) -> None:
    run(read, GRACE * 2, asyncio.new_event_loop)
    go(10)
    unread = [record.id for record in records if record.verdict == "unread"]
    retracted = [record.id for record in records if record.verdict == "retracted"]
    assert sorted(unread) == sorted(retracted)
    assert len(records) == 2 * len(unread) > 0
    assert heard.stats().unread == heard.stats().lost == 0


def test_there_are_enough_controls() -> None:
    assert len(CONTROLS) > 20


def test_a_frame_that_runs_holds_what_its_variables_hold(
    records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    loop = loop_factory()
    task = loop.create_task(fail())
    loop.run_until_complete(elapse(GRACE / 4))
    with pytest.raises(ValueError, match="read late"):
        loop.run_until_complete(task)
    loop.close()
    assert records == []


@pytest.mark.parametrize(
    "handled",
    [
        pytest.param(lambda: asyncio.gather(fail(), fail()), id="gather"),
        pytest.param(lambda: asyncio.wait_for(fail(), 5), id="wait_for"),
        pytest.param(lambda: asyncio.gather(asyncio.gather(fail()), asyncio.sleep(0)), id="nested"),
    ],
)
def test_failures_that_are_handled_at_once(
    handled: Callable[[], Awaitable[object]], records: list[heard.Failure]
) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="read late"):
            await handled()
        await elapse(GRACE)

    asyncio.run(main())
    assert [record for record in records if record.event != "sibling-failed"] == []


def test_a_group_hears_all(records: list[heard.Failure]) -> None:
    async def main() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                group.create_task(fail())
        except* ValueError:
            pass
        await elapse(GRACE)

    asyncio.run(main())
    assert records == []


def test_timeouts_and_groups_take_their_cancellations_back(records: list[heard.Failure]) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(5), 0.01)
        task = asyncio.create_task(asyncio.sleep(5))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await elapse(GRACE)

    asyncio.run(main())
    assert records == []


def test_a_clean_up_may_take_long(records: list[heard.Failure]) -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            await elapse(3 * GRACE)

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert records == []


def test_work_fails_before_who_asks_for_it_has_its_future(records: list[heard.Failure]) -> None:
    class Slow(concurrent.futures.ThreadPoolExecutor):
        def submit(self, *work: typing.Any, **options: typing.Any) -> concurrent.futures.Future[typing.Any]:
            future = super().submit(*work, **options)
            concurrent.futures.wait([future])
            go(3 * GRACE)
            return future

    def fail_now() -> None:
        raise ValueError("read")

    async def main() -> None:
        with Slow(1) as pool, pytest.raises(ValueError):
            await asyncio.get_running_loop().run_in_executor(pool, fail_now)

    asyncio.run(main())
    assert records == []


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "in a variable that is dead"])
def test_what_ends_the_loop_is_no_failure_of_who_is_shielded(kept: bool, records: list[heard.Failure]) -> None:
    held: list[asyncio.Future[None]] = []

    async def stop() -> None:
        raise SystemExit(5)

    async def main() -> None:
        shielded = asyncio.shield(stop())
        if kept:
            held.append(shielded)
        try:
            await asyncio.sleep(5)
        finally:
            # The loop turns again for whoever cleans up.
            await elapse(2 * GRACE)

    with pytest.raises(SystemExit):
        asyncio.run(main())
    go(2 * GRACE)
    assert [failure for failure in records if failure.verdict is not None] == []


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_loop_is_heard_by_whoever_runs_it(end: type[BaseException], records: list[heard.Failure]) -> None:
    async def stop() -> None:
        raise end

    async def collect() -> None:
        """As the groups of libraries do: what a child ends with comes in a group, with the end of the loop behind it."""
        child = asyncio.create_task(stop())
        try:
            await asyncio.wait([child, asyncio.create_task(asyncio.sleep(5))])
        except asyncio.CancelledError:
            ended = child.exception()
            assert ended is not None
            raise BaseExceptionGroup("of all", [BaseExceptionGroup("of one", [ended])]) from None

    async def main() -> None:
        await collect()

    with pytest.raises(end):
        asyncio.run(main())
    assert [failure for failure in records if failure.verdict is not None] == []
