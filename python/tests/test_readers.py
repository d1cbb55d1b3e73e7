"""Failures that somebody has read, or is about to read, in ways that are easily overlooked: not a word is said."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import types
import typing
import weakref
from collections.abc import Awaitable, Callable

import pytest
from conftest import GRACE, Hands, LoopFactory, elapse, go, turn

import heard
from heard.monitor import clock

Read = Callable[[list[BaseException | None]], Awaitable[object]]
READERS: list[Read] = []


def reader(function: Read) -> Read:
    READERS.append(function)
    return function


async def fail(turns: int = 1) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    raise ValueError("read")


def in_thread(work: Callable[[], object]) -> asyncio.Future[object]:
    return asyncio.ensure_future(asyncio.to_thread(work))


# A thread waits already when the failure comes.


@reader
async def a_thread_in_result(heard_of: list[BaseException | None]) -> None:
    loop = asyncio.get_running_loop()

    def bridge() -> None:
        with pytest.raises(ValueError):
            asyncio.run_coroutine_threadsafe(fail(), loop).result()
        heard_of.append(None)

    await in_thread(bridge)


@reader
async def a_thread_in_exception(heard_of: list[BaseException | None]) -> None:
    loop = asyncio.get_running_loop()
    await in_thread(lambda: heard_of.append(asyncio.run_coroutine_threadsafe(fail(), loop).exception()))


def waits_within(future: concurrent.futures.Future[typing.Any]) -> bool:
    """Whether a thread waits for a future, by `result`, `wait` or `as_completed`."""
    inside: typing.Any = future
    return bool(inside._condition._waiters or inside._waiters)


async def fails_while_it_waits(
    heard_of: list[BaseException | None], wait: Callable[[concurrent.futures.Future[None]], BaseException | None]
) -> None:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    thread = threading.Thread(target=lambda: heard_of.append(wait(future)))
    thread.start()
    while not waits_within(future):
        await asyncio.sleep(0.001)
    future.set_exception(ValueError("read"))
    del future
    # Whatever the thread does, and however long it is kept from running: it is a reader.
    go(10 * GRACE)
    thread.join()
    await elapse(GRACE)


@reader
async def a_thread_that_is_kept_from_running(heard_of: list[BaseException | None]) -> None:
    await fails_while_it_waits(heard_of, lambda future: future.exception())


@reader
async def a_thread_in_as_completed(heard_of: list[BaseException | None]) -> None:
    def wait(future: concurrent.futures.Future[None]) -> BaseException | None:
        return next(concurrent.futures.as_completed([future])).exception()

    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    thread = threading.Thread(target=lambda: heard_of.append(wait(future)))
    thread.start()
    while not waits_within(future):
        await asyncio.sleep(0.001)
    future.set_exception(ValueError("read"))
    del future
    thread.join()
    await elapse(GRACE)


@reader
async def a_pool(heard_of: list[BaseException | None]) -> None:
    def work() -> None:
        raise ValueError("read")

    def use() -> None:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            with pytest.raises(ValueError):
                pool.submit(work).result()
            with pytest.raises(ValueError):
                list(pool.map(lambda _: work(), range(1)))
            heard_of.append(None)

    await in_thread(use)


@reader
async def a_bridge_that_copies_the_outcome(heard_of: list[BaseException | None]) -> None:
    """As asgiref and anyio do it: a future is made by hand, and a callback of the loop fills it."""
    loop = asyncio.get_running_loop()

    def bridge() -> None:
        future: concurrent.futures.Future[None] = concurrent.futures.Future()

        async def fill() -> None:
            try:
                await fail()
                future.set_result(None)
            except BaseException as error:
                future.set_exception(error)

        loop.call_soon_threadsafe(lambda: kept.append(loop.create_task(fill())))
        try:
            future.result()
        except ValueError as error:
            heard_of.append(error)

    kept: list[asyncio.Task[None]] = []
    await in_thread(bridge)


@reader
async def a_future_that_is_wrapped(heard_of: list[BaseException | None]) -> None:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    wrapped = asyncio.wrap_future(future)
    future.set_exception(ValueError("read"))
    del future
    with pytest.raises(ValueError):
        await wrapped
    heard_of.append(None)


@reader
async def a_thread_future_that_was_cancelled(heard_of: list[BaseException | None]) -> None:
    for kind in (asyncio.CancelledError, concurrent.futures.CancelledError):
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        future.set_exception(kind())
        del future
    future = concurrent.futures.Future()
    future.cancel()
    del future
    heard_of.append(None)


# What is gathered is read before, afterwards, or in another way.


@reader
async def each_task_after_the_gather(heard_of: list[BaseException | None]) -> None:
    tasks = [asyncio.create_task(fail()) for _ in range(3)]
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        heard_of.append(task.exception())


@reader
async def each_task_some_time_after_the_gather(heard_of: list[BaseException | None]) -> None:
    tasks = [asyncio.create_task(fail()) for _ in range(3)]
    await asyncio.gather(*tasks, return_exceptions=True)
    await elapse(GRACE / 2)
    for task in tasks:
        heard_of.append(task.exception())


@reader
async def a_done_callback_beside_the_gather(heard_of: list[BaseException | None]) -> None:
    task = asyncio.create_task(fail())
    task.add_done_callback(lambda task: heard_of.append(task.exception()))
    await asyncio.gather(task, return_exceptions=True)


@reader
async def a_done_callback_that_comes_after_the_gather(heard_of: list[BaseException | None]) -> None:
    task = asyncio.create_task(fail())
    gathering = asyncio.gather(task, asyncio.sleep(0), return_exceptions=True)
    task.add_done_callback(lambda task: heard_of.append(task.exception()))
    await gathering


@reader
async def a_gather_before_the_clean_up(heard_of: list[BaseException | None]) -> None:
    tasks = [asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(60))]
    try:
        await asyncio.gather(*tasks)
    except ValueError as error:
        heard_of.append(error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@reader
async def an_await_before_the_clean_up(heard_of: list[BaseException | None]) -> None:
    pump = asyncio.create_task(fail())
    other = asyncio.create_task(asyncio.sleep(60))
    try:
        await pump
    except ValueError as error:
        heard_of.append(error)
    finally:
        for task in (pump, other):
            task.cancel()
        await asyncio.gather(pump, other, return_exceptions=True)


@reader
async def an_attribute_of_a_supervisor(heard_of: list[BaseException | None]) -> None:
    class Supervisor:
        async def run(self) -> list[asyncio.Task[None]]:
            self.tasks = [asyncio.create_task(fail())]
            await asyncio.gather(*self.tasks, return_exceptions=True)
            return [task for task in self.tasks if task.exception()]

    heard_of += [task.exception() for task in await Supervisor().run()]


@reader
async def the_list_of_a_gather(heard_of: list[BaseException | None]) -> None:
    found = await asyncio.gather(fail(), fail(3), return_exceptions=True)
    heard_of += [one for one in found if isinstance(one, BaseException)]


@reader
async def the_list_of_a_gather_that_is_counted_first(heard_of: list[BaseException | None]) -> None:
    found = await asyncio.gather(fail(), fail(3), return_exceptions=True)
    if len(found) == 2 and found:
        for one in found:
            assert isinstance(one, BaseException)
            heard_of.append(one)


@reader
async def the_list_of_a_gather_of_gathers(heard_of: list[BaseException | None]) -> None:
    gatherings = [asyncio.gather(fail()), asyncio.gather(fail(3))]
    found = await asyncio.gather(*gatherings, return_exceptions=True)
    heard_of += [one for one in found if isinstance(one, BaseException)]


@reader
async def a_gather_in_a_shield(heard_of: list[BaseException | None]) -> None:
    for work in (fail(), fail(3)):
        try:
            await asyncio.shield(asyncio.gather(work))
        except ValueError as error:
            heard_of.append(error)


@reader
async def the_list_of_a_gather_or_another(heard_of: list[BaseException | None]) -> None:
    found = await asyncio.gather(fail(), fail(3), return_exceptions=True)
    heard_of += [one for one in found or () if isinstance(one, BaseException)]


@reader
async def the_list_of_a_gather_by_a_measure_of_ones_own(heard_of: list[BaseException | None]) -> None:
    def count(found: list[typing.Any]) -> int:
        heard_of.extend(found)
        return len(found)

    async def counted(outcomes: typing.Any) -> int:
        found = await outcomes
        return len(found)

    # A module with a function of that name.
    counted = types.FunctionType(counted.__code__, {**globals(), "len": count}, closure=counted.__closure__)
    assert await counted(asyncio.gather(fail(), fail(3), return_exceptions=True)) == 2


@reader
async def the_list_of_a_gather_that_a_call_takes_beside_a_measure(heard_of: list[BaseException | None]) -> None:
    def counted(length: int, found: list[BaseException | None]) -> int:
        heard_of.extend(found)
        return length

    works = [fail(), fail(3)]
    print(counted(len(works), await asyncio.gather(*works, return_exceptions=True)))


@reader
async def the_list_of_a_gather_within_a_generator_whose_step_is_dropped(heard_of: list[BaseException | None]) -> None:
    async def numbers() -> typing.AsyncGenerator[int, None]:
        found = await asyncio.gather(fail(), fail(3), return_exceptions=True)
        heard_of.extend(one for one in found if isinstance(one, BaseException))
        yield len(found)

    for step in (lambda each: anext(each), lambda each: anext(each, None), lambda each: each.asend(None)):
        heard_of.clear()
        each = numbers()
        await step(each)
        await each.aclose()


@reader
async def the_list_of_a_gather_in_a_wait_for(heard_of: list[BaseException | None]) -> None:
    gathering = asyncio.gather(fail(), fail(3), return_exceptions=True)
    heard_of += [one for one in await asyncio.wait_for(gathering, 60) if isinstance(one, BaseException)]


@reader
async def a_long_gather(heard_of: list[BaseException | None]) -> None:
    """One child fails long before the others end: the gather will hand it over."""
    others = asyncio.create_task(elapse(3 * GRACE))
    found = await asyncio.gather(fail(), others, return_exceptions=True)
    heard_of += [one for one in found if isinstance(one, BaseException)]


@reader
async def a_long_gather_of_kept_tasks(heard_of: list[BaseException | None]) -> None:
    tasks = [asyncio.create_task(fail()), asyncio.create_task(elapse(3 * GRACE))]
    found = await asyncio.gather(*tasks, return_exceptions=True)
    heard_of += [one for one in found if isinstance(one, BaseException)]


@reader
async def a_sibling_that_is_read(heard_of: list[BaseException | None]) -> None:
    tasks = [asyncio.create_task(fail(turns)) for turns in (1, 1, 4)]
    with contextlib.suppress(ValueError):
        await asyncio.gather(*tasks)
    await asyncio.wait(tasks)
    await elapse(GRACE / 2)
    for task in tasks:
        heard_of.append(task.exception())


@reader
async def nested_gathers(heard_of: list[BaseException | None]) -> None:
    try:
        await asyncio.gather(asyncio.gather(asyncio.gather(fail())), asyncio.sleep(0))
    except ValueError as error:
        heard_of.append(error)


# Weak references, and those that are left by what was read.


@reader
async def a_weak_set_with_a_reader(heard_of: list[BaseException | None]) -> None:
    async def reap(registry: weakref.WeakSet[asyncio.Task[None]]) -> None:
        await elapse(GRACE / 2)
        for task in list(registry):
            heard_of.append(task.exception())

    registry: weakref.WeakSet[asyncio.Task[None]] = weakref.WeakSet()
    reaper = asyncio.create_task(reap(registry))
    task = asyncio.create_task(fail())
    registry.add(task)
    await reaper


@reader
async def a_weak_dictionary_with_a_reader(heard_of: list[BaseException | None]) -> None:
    registry: weakref.WeakValueDictionary[str, asyncio.Task[None]] = weakref.WeakValueDictionary()
    task = asyncio.create_task(fail())
    registry["job"] = task
    await elapse(GRACE / 2)
    heard_of.append(registry["job"].exception())


@reader
async def a_weak_reference_with_a_reader(heard_of: list[BaseException | None]) -> None:
    task = asyncio.create_task(fail())
    reference = weakref.ref(task)
    await elapse(GRACE / 2)
    found = reference()
    assert found is not None
    heard_of.append(found.exception())


def test_what_a_library_tells_the_loop_is_not_lost(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    """Whoever tells it has heard it, and may hand it to others as well."""

    async def main() -> None:
        context = {"message": "Job failed", "exception": ValueError("of a library")}
        asyncio.get_running_loop().call_exception_handler(context)
        await turn()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert [(record.event, record.rule, record.verdict) for record in records] == [("loop-told", "", None)]
    assert heard.stats() == heard.Stats(told=1)


def test_it_is_read_while_it_is_reported() -> None:
    """By another thread, or by whoever is given the report, as here: it is taken back."""
    seen: list[heard.Failure] = []

    def report(failure: heard.Failure) -> None:
        seen.append(failure)
        if failure.verdict == "unread":
            future.exception()

    before = clock.use(Hands())
    heard.install(grace=GRACE, report=report)
    try:
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        future.set_exception(ValueError("read just then"))
        go(3 * GRACE)
        assert [failure.verdict for failure in seen] == ["unread", "retracted"]
        assert seen[0].id == seen[1].id
        assert heard.stats() == heard.Stats(retracted=1)
    finally:
        heard.uninstall()
        clock.use(before)


# Futures that were told to stop after they had failed.


@reader
async def a_task_that_is_cancelled_and_read(heard_of: list[BaseException | None]) -> None:
    task = asyncio.create_task(fail())
    await turn()
    assert not task.cancel("too late")
    assert not task.cancelled() and task.done()
    await elapse(GRACE / 2)
    heard_of.append(task.exception())


@reader
async def a_future_that_says_by_a_cancel_that_it_need_not_be_read(heard_of: list[BaseException | None]) -> None:
    """As libraries do with what they have handed out, when a connection is lost."""
    pong = asyncio.get_running_loop().create_future()
    pong.set_exception(ConnectionError("it is lost"))
    assert not pong.cancel()
    heard_of.append(None)


@reader
async def a_bound_method_that_outlives_its_task(heard_of: list[BaseException | None]) -> None:
    task = asyncio.create_task(fail())
    await turn()
    ask, stop = task.exception, task.cancel
    heard_of.append(ask())
    del task
    assert not stop()
    assert isinstance(ask(), ValueError)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_nothing_is_said_of_what_is_read(read: Read, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    heard_of: list[BaseException | None] = []

    async def main() -> None:
        await read(heard_of)
        await elapse(2 * GRACE)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    go(100)
    assert heard_of
    assert records == []
    assert heard.stats() == heard.Stats()


class Loop(asyncio.SelectorEventLoop):
    """A loop that hears for itself, as the documentation allows."""

    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[dict[str, typing.Any]] = []

    def default_exception_handler(self, context: dict[str, typing.Any]) -> None:
        self.contexts.append(context)


class Handling(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[dict[str, typing.Any]] = []

    def call_exception_handler(self, context: dict[str, typing.Any]) -> None:
        self.contexts.append(context)
        super().call_exception_handler(context)


class Asked(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self.contexts: list[dict[str, typing.Any]] = []
        self.set_exception_handler(lambda _, context: self.contexts.append(context))


@pytest.mark.parametrize("kind", [Loop, Handling, Asked])
def test_a_loop_that_hears_for_itself(kind: type[Loop], records: list[heard.Failure]) -> None:
    async def main(loop: Loop) -> list[str]:
        loop.call_soon(lambda: 1 / 0)
        loop.call_exception_handler({"message": "of a library", "exception": OSError("of a library")})
        task = asyncio.create_task(fail())  # noqa: F841
        asyncio.create_task(fail())
        await elapse(GRACE / 2)
        return [record.event for record in records]

    with asyncio.Runner(loop_factory=kind) as runner:
        loop = typing.cast(Loop, runner.get_loop())
        seen = runner.run(main(loop))
    told = [str(context["message"]) for context in loop.contexts]
    # It is told of everything, as it would be without the monitor, and has heard what its callbacks raise.
    assert sum("never retrieved" in one for one in told) == 2
    assert len(told) == 4
    assert seen == ["task-failed", "task-failed"]
    assert heard.stats().callbacks == 0


def test_a_method_that_is_replaced_on_the_loop_is_told_what_it_is_told_without(records: list[heard.Failure]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler = contexts.append  # type: ignore[assignment, method-assign]
        kept = asyncio.create_task(fail())
        asyncio.create_task(fail())
        stopped = loop.create_future()
        stopped.set_exception(ValueError)
        await elapse(2 * GRACE)
        assert [record.verdict for record in records] == ["lost"]
        stopped.cancel()
        del kept, stopped
        with contextlib.suppress(ValueError):
            await asyncio.gather(fail(), fail())
        await asyncio.gather(fail(), return_exceptions=True)

    contexts: list[dict[str, typing.Any]] = []
    asyncio.run(main())
    assert [context["message"] for context in contexts] == ["Task exception was never retrieved"] * 2


def test_what_plain_asyncio_keeps_to_itself_is_not_told_to_a_handler(records: list[heard.Failure]) -> None:
    async def main() -> None:
        with contextlib.suppress(ValueError):
            await asyncio.gather(fail(), fail(), fail(5))
        await asyncio.gather(fail(), fail(), return_exceptions=True)
        works = [asyncio.ensure_future(fail()), asyncio.ensure_future(asyncio.sleep(5))]
        await asyncio.wait(works, return_when=asyncio.FIRST_EXCEPTION)
        works.pop().cancel()
        works.clear()
        await elapse(GRACE / 2)

    with asyncio.Runner(loop_factory=Loop) as runner:
        loop = typing.cast(Loop, runner.get_loop())
        runner.run(main())
    assert loop.contexts == []
    assert sorted(record.event for record in records) == ["outcomes-ignored"] * 2 + ["sibling-failed"] * 2 + ["task-failed"]


async def reads_by_one_of_two(seen: list[object], look: typing.Any) -> None:
    def keep(outcomes: typing.Any) -> int:
        seen.extend(outcomes)
        return len(outcomes)

    (look or keep)(await asyncio.gather(fail(), return_exceptions=True))
    (keep if look is None else len)(await asyncio.gather(fail(), return_exceptions=True))


async def measures_by_one_of_two(seen: list[object], look: typing.Any) -> None:
    seen.extend([(look or len)(await asyncio.gather(fail(), return_exceptions=True))] * 2)


@types.coroutine
def reads_behind_a_yield(seen: list[object], _: object) -> typing.Generator[typing.Any, typing.Any, None]:
    yield from asyncio.sleep(0).__await__()
    gathering = asyncio.gather(fail(), fail(), return_exceptions=True)
    gathering._asyncio_future_blocking = True
    yield gathering
    seen.extend(gathering.result())


@types.coroutine
def reads_what_is_done(seen: list[object], _: object) -> typing.Generator[typing.Any, typing.Any, None]:
    gathering = asyncio.gather(fail(), fail(), return_exceptions=True)
    yield from asyncio.sleep(0.02).__await__()
    seen.extend((yield from gathering.__await__()))


@pytest.mark.parametrize("read", [reads_by_one_of_two, measures_by_one_of_two, reads_behind_a_yield, reads_what_is_done])
def test_what_reads_a_list_of_outcomes_is_not_guessed(
    read: Callable[[list[object], object], Awaitable[None]], records: list[heard.Failure]
) -> None:
    async def main() -> None:
        await read(seen, None)
        await elapse(2 * GRACE)

    seen: list[object] = []
    asyncio.run(main())
    assert len(seen) == 2
    assert records == []
