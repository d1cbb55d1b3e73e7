"""Failures that nobody can hear any more: each is reported at once, with the place of birth."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextvars
import contextlib
import gc
import inspect
import os
import sys
import tempfile
import threading
import typing
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from conftest import GRACE, LoopFactory, elapse, go, turn

import heard

Lose = Callable[[], Awaitable[object]]


class Loss(typing.NamedTuple):
    lose: Lose
    event: str
    rule: str
    #: Which exception, if any, the record has.
    exception: str | None
    times: int


LOSSES: list[Loss] = []


def loss(event: str, rule: str, exception: str | None = "ValueError", count: int = 1) -> Callable[[Lose], Lose]:
    def add(lose: Lose) -> Lose:
        LOSSES.append(Loss(lose, event, rule, exception, count))
        return lose

    return add


async def fail(error: type[Exception] = ValueError, turns: int = 1) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    raise error("lost")


def sockets() -> str:
    """A path for a socket, which is gone with the process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return os.path.join(folder.name, "socket")


async def pause() -> None:
    """All that can happen does, and it is still well within the grace period."""
    await elapse(0.75 * GRACE)


@loss("task-failed", "dropped-task")
async def a_dropped_task() -> None:
    asyncio.create_task(fail())  # BORN
    await pause()


@loss("task-failed", "unread-task")
async def a_variable_that_nobody_reads() -> None:
    task = asyncio.create_task(fail())  # BORN  # noqa: F841
    await pause()


@loss("task-failed", "unread-task")
async def a_list_that_nobody_reads() -> None:
    tasks = []
    tasks.append(asyncio.create_task(fail()))  # BORN
    await pause()


@loss("task-failed", "unread-task", count=2)
async def a_variable_that_is_bound_anew() -> None:
    for _ in range(2):
        task = asyncio.create_task(fail())  # BORN
        task.set_name("again")
        await elapse(2 * GRACE)


@loss("task-failed", "dropped-task")
async def a_callback_that_only_discards() -> None:
    tasks = set()
    task = asyncio.create_task(fail())  # BORN
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    del task
    await pause()


@loss("task-failed", "dropped-task")
async def a_weak_reference() -> None:
    tasks: weakref.WeakSet[asyncio.Task[None]] = weakref.WeakSet()
    tasks.add(asyncio.create_task(fail()))  # BORN
    await pause()


class Worker:
    """Holds the task whose traceback holds it."""

    def start(self) -> None:
        self.task = asyncio.create_task(self.work())  # BORN

    async def work(self) -> None:
        await asyncio.sleep(0)
        raise ValueError("lost")


@loss("task-failed", "dropped-task")
async def an_object_that_nobody_holds() -> None:
    Worker().start()
    await pause()


@loss("task-failed", "unread-task")
async def an_object_that_nobody_reads() -> None:
    worker = Worker()
    worker.start()
    await pause()


@loss("task-failed", "dropped-task")
async def a_shield_that_was_left() -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(fail(turns=6)), 0)  # BORN
    await pause()


@loss("task-failed", "dropped-task")
async def a_gather_that_is_dropped() -> None:
    asyncio.gather(fail())  # BORN
    await pause()


@loss("task-failed", "unread-task")
async def a_done_set_that_nobody_looks_at() -> None:
    done, _ = await asyncio.wait([asyncio.create_task(fail())], return_when=asyncio.FIRST_EXCEPTION)  # BORN
    await pause()


@loss("task-failed", "dropped-task")
async def a_wait_whose_result_is_dropped() -> None:
    await asyncio.wait([asyncio.create_task(fail())])  # BORN
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def the_second_failure_of_a_gather() -> None:
    with contextlib.suppress(KeyError):
        await asyncio.gather(fail(KeyError), fail(turns=5))  # BORN
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def two_failures_of_a_gather_at_once() -> None:
    with contextlib.suppress(KeyError):
        await asyncio.gather(fail(KeyError), fail())  # BORN
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def a_sibling_whose_task_is_kept() -> None:
    tasks = [asyncio.create_task(fail(error, turns)) for error, turns in ((KeyError, 1), (ValueError, 5))]  # BORN
    with contextlib.suppress(KeyError):
        await asyncio.gather(*tasks)
    await pause()


async def a_third_that_runs_on() -> None:
    await asyncio.get_running_loop().create_future()


@loss("sibling-failed", "lost-sibling-failure")
async def the_second_failure_while_a_third_awaitable_runs() -> None:
    with contextlib.suppress(KeyError):
        await asyncio.gather(fail(KeyError), fail(turns=5), a_third_that_runs_on())  # BORN
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def two_failures_of_five() -> None:
    async def work(number: int) -> None:
        if number in (1, 3):
            await fail(KeyError if number == 1 else ValueError, number)
        await a_third_that_runs_on()

    with contextlib.suppress(KeyError):
        await asyncio.gather(*(work(number) for number in range(5)))  # BORN
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def the_second_failure_in_a_gather_of_gathers() -> None:
    with contextlib.suppress(KeyError):
        await asyncio.gather(
            asyncio.gather(fail(KeyError), a_third_that_runs_on()),
            asyncio.gather(a_third_that_runs_on(), fail(turns=6)),  # BORN
        )
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def a_sibling_under_a_time_limit() -> None:
    with contextlib.suppress(KeyError):
        await asyncio.wait_for(asyncio.gather(fail(KeyError), fail(turns=8), a_third_that_runs_on()), 60)  # BORN
    await pause()


@loss("task-failed", "unread-task")
async def a_task_that_is_told_to_stop_after_its_failure() -> None:
    task = asyncio.create_task(fail())  # BORN
    await elapse(GRACE / 2)
    # No assertion: pytest makes `locals()` of it, and code that asks for that may read any variable.
    task.cancel()
    await elapse(GRACE)


@loss("task-failed", "dropped-task")
async def tasks_that_are_stopped_and_waited_for() -> None:
    tasks = {asyncio.create_task(fail()), asyncio.create_task(a_third_that_runs_on())}  # BORN
    await elapse(GRACE / 2)
    for task in tasks:
        task.cancel()
    del task
    await asyncio.wait(tasks)
    tasks.clear()
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def tasks_that_are_stopped_and_gathered() -> None:
    tasks = [asyncio.create_task(fail()), asyncio.create_task(a_third_that_runs_on())]  # BORN
    await elapse(GRACE / 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    del task
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def a_gather_that_is_done_before_it_is_awaited() -> None:
    gathering = asyncio.gather(fail(), asyncio.sleep(0), return_exceptions=True)  # BORN
    await turn()
    await gathering
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def a_gather_of_a_gather() -> None:
    gathering = asyncio.gather(fail())  # BORN
    await turn()
    await asyncio.gather(gathering, return_exceptions=True)
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_are_counted() -> None:
    outcomes = await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)  # BORN
    print(f"{len(outcomes)} sent")
    while not outcomes:
        await asyncio.sleep(0)
    if outcomes or bool(outcomes):
        await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_are_counted_where_they_come() -> None:
    works = [asyncio.sleep(0), fail()]
    print(1 + len(await asyncio.gather(*[work for work in works], return_exceptions=True)), "sent")  # BORN
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_are_asked_whether_there_are_any() -> None:
    works = [asyncio.sleep(0), fail()]
    if not await asyncio.gather(*works, return_exceptions=True):  # BORN
        print("none sent")
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_a_generator_drops() -> None:
    async def numbers() -> typing.AsyncGenerator[int, None]:
        await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)  # BORN
        yield 1

    async for number in numbers():
        print(number)
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def a_gather_in_a_wait_for() -> None:
    outcomes = asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)  # BORN
    await asyncio.wait_for(outcomes, 60)
    await pause()


@loss("sibling-failed", "lost-sibling-failure")
async def a_gather_of_exceptions_that_is_told_to_stop() -> None:
    gathering = asyncio.gather(fail(turns=3), asyncio.Event().wait(), return_exceptions=True)  # BORN
    await turn()
    gathering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await gathering
    del gathering
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def futures_that_no_task_made() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, ValueError("lost"))
    await asyncio.gather(future, return_exceptions=True)
    await pause()


@loss("task-failed", "unread-task")
async def tasks_of_which_the_first_is_completed() -> None:
    tasks = [asyncio.create_task(fail(KeyError)), asyncio.create_task(fail(turns=5))]  # BORN
    for first in asyncio.as_completed(tasks):
        with contextlib.suppress(KeyError):
            await first
        break
    del first
    await pause()


@loss("task-failed", "dropped-task")
async def a_task_that_is_cancelled_by_a_method_that_was_bound_before() -> None:
    task = asyncio.create_task(fail())  # BORN
    stop = task.cancel
    await turn()
    assert not stop()
    del task, stop
    await pause()


@loss("task-failed", "dropped-task")
async def a_task_that_is_cancelled_as_soon_as_it_has_failed() -> None:
    tasks = [asyncio.create_task(fail(turns=0))]  # BORN
    await asyncio.sleep(0)
    assert tasks[0].done()
    tasks.pop().cancel("no longer wanted")
    await pause()


@loss("task-failed", "dropped-task")
async def a_task_in_python_that_is_cancelled_when_it_has_failed() -> None:
    kind: typing.Any = asyncio.tasks._PyTask  # type: ignore[attr-defined]
    task = kind(fail(), loop=asyncio.get_running_loop())
    await turn()
    assert not task.cancel()
    del task
    await pause()


@loss("task-failed", "unread-task")
async def a_shield_that_is_kept() -> None:
    shielded = asyncio.shield(fail())  # BORN  # noqa: F841
    await pause()


@loss("task-failed", "dropped-task")
async def a_shield_that_is_told_to_stop() -> None:
    shielded = asyncio.shield(fail())  # BORN
    await turn()
    assert not shielded.cancel()
    del shielded
    await pause()


@loss("callback-raised", "raising-callback")
async def a_handler_of_a_server() -> None:
    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        raise ValueError("lost")

    async with await asyncio.start_unix_server(handle, path := sockets()):
        reader, writer = await asyncio.open_unix_connection(path)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        await pause()


@loss("callback-raised", "raising-callback")
async def a_protocol() -> None:
    class Protocol(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise ValueError("lost")

    async with await asyncio.get_running_loop().create_unix_server(Protocol, path := sockets()):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"to be received")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_are_dropped() -> None:
    await asyncio.gather(fail(), asyncio.sleep(0), return_exceptions=True)  # BORN
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_under_a_name_that_nobody_reads() -> None:
    _ = await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)  # BORN
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def one_outcome_that_nobody_reads() -> None:
    first, _ = await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)  # BORN
    str(first)
    await pause()


@loss("outcomes-ignored", "unread-gather")
async def outcomes_that_a_helper_returns() -> None:
    async def helper() -> object:
        return await asyncio.gather(fail(), return_exceptions=True)  # BORN

    await helper()
    await pause()


@loss("thread-future-failed", "unread-thread-future")
async def a_coroutine_for_another_loop() -> None:
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=lambda: asyncio.run_coroutine_threadsafe(fail(), loop))  # BORN
    thread.start()
    # Nothing of the loop's turns before the thread has ended, so what it starts is there afterwards.
    thread.join()
    await pause()


def fail_now() -> None:
    raise ValueError("lost")


@loss("thread-future-failed", "unread-thread-future")
async def an_executor() -> None:
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(fail_now)  # BORN
    pool.shutdown()
    await pause()


@loss("thread-future-failed", "unread-thread-future")
async def an_executor_whose_future_a_gathered_task_keeps() -> None:
    kept: contextvars.ContextVar[object] = contextvars.ContextVar("kept")

    async def work() -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            kept.set(pool.submit(fail_now))  # BORN
        await pause()

    # What waits for the task reads nothing that the task keeps.
    await asyncio.gather(work(), turn())
    await pause()


@loss("task-failed", "dropped-task")
async def an_executor_of_the_loop() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asyncio.get_running_loop().run_in_executor(pool, fail_now)  # BORN
    await pause()


@loss("task-failed", "unread-task")
async def a_thread_future_that_is_wrapped() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = asyncio.wrap_future(pool.submit(fail_now))  # BORN  # noqa: F841
    await pause()


@loss("coroutine-never-awaited", "unawaited-coroutine", None)
async def a_coroutine() -> None:
    fail()  # type: ignore[unused-coroutine]  # BORN
    await pause()


@loss("task-destroyed", "dropped-task", None)
async def a_task_that_is_collected() -> None:
    async def wait_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    asyncio.create_task(wait_for_ever())  # BORN
    await turn()
    gc.collect()
    await pause()


@loss("callback-raised", "raising-callback")
async def a_callback() -> None:
    asyncio.get_running_loop().call_soon(fail_now)
    await pause()


@loss("callback-raised", "raising-callback")
async def a_done_callback() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(lambda _: fail_now())
    await task
    await pause()


@loss("task-failed", "dropped-task")
async def one_that_a_wait_for_the_first_failure_has_left() -> None:
    async def use() -> None:
        tasks = [asyncio.create_task(fail(turns=turns)) for turns in (1, 8)]  # BORN
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        assert [type(task.exception()) for task in done] == [ValueError]

    await use()
    await pause()


@loss("task-failed", "dropped-task")
async def the_finaliser_of_a_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            raise ValueError("lost")

    async def user() -> None:
        async for _ in numbers():
            break

    await user()
    await pause()


@loss("task-failed", "dropped-task", "ExceptionGroup")
async def a_group_of_failures() -> None:
    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(fail(KeyError))

    asyncio.create_task(work())  # BORN
    await pause()


@loss("task-failed", "dropped-task", "RuntimeError")
async def a_stop_iteration() -> None:
    async def work() -> None:
        raise StopIteration

    asyncio.create_task(work())  # BORN
    await pause()


@loss("task-failed", "dropped-task")
async def a_failure_after_a_cancellation() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            raise ValueError("lost")

    task = asyncio.create_task(work())  # BORN
    await asyncio.sleep(0)
    task.cancel()
    del task
    await pause()


def born_lines(lose: Lose) -> set[int]:
    lines, first = inspect.getsourcelines(lose)
    found = {first + index for index, line in enumerate(lines) if "# BORN" in line}
    if not found and "Worker" in "".join(lines):
        lines, first = inspect.getsourcelines(Worker)
        found = {first + index for index, line in enumerate(lines) if "# BORN" in line}
    return found


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.lose.__name__)
def test_it_is_reported_at_once(loss: Loss, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    seen: list[heard.Failure] = []

    async def main() -> None:
        # Its variables are gone with it, so what is seen is what was reported while it ran, or was ready when it ended.
        gc.collect()
        await loss.lose()
        seen.extend(records)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert [(record.event, record.rule) for record in seen] == [(loss.event, loss.rule)] * loss.times
    for record in seen:
        assert record.verdict == "lost"
        assert (record.exception and record.exception.type) == loss.exception
        lines = born_lines(loss.lose)
        if lines:
            assert record.born and record.born[0].line in lines and record.born[0].path == __file__
    # Those that are left when the loop ends are no failures.
    assert [record for record in records if record.verdict] == seen


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
def test_an_eager_task_that_fails_in_its_first_step(records: list[heard.Failure]) -> None:
    async def work() -> None:
        raise ValueError("lost")

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        task = asyncio.create_task(work(), name="eager")  # noqa: F841
        await pause()
        assert [record.task for record in records] == ["eager"]

    asyncio.run(main())
    assert records[0].born[0].function.endswith("main")
    assert records[0].rule == "unread-task"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
def test_an_eager_task_whose_coroutine_is_one_of_asyncio_s(records: list[heard.Failure]) -> None:
    async def work() -> None:
        raise ValueError("lost")

    def start() -> None:
        asyncio.create_task(asyncio.wait_for(work(), 60))

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        start()
        await pause()

    asyncio.run(main())
    assert [record.born[0].function.rpartition(".")[2] for record in records] == ["start"]


def test_several_loops_in_several_threads(records: list[heard.Failure]) -> None:
    async def main(name: str) -> None:
        asyncio.create_task(fail(), name=name)
        await turn()

    names = [f"loop {number}" for number in range(3)]
    threads = [threading.Thread(target=lambda name=name: asyncio.run(main(name)), name=name) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((record.task, record.thread) for record in records) == [(name, name) for name in names]


def test_unread_at_last_lost_when_the_holder_lets_go(records: list[heard.Failure]) -> None:
    class Box:
        task: asyncio.Task[None] | None = None

    async def main(box: Box) -> None:
        box.task = asyncio.create_task(fail())
        await elapse(2 * GRACE)
        assert [record.verdict for record in records] == ["unread"]
        box.task = None
        assert [record.verdict for record in records] == ["unread", "escalated"]

    asyncio.run(main(Box()))
    assert records[0].id == records[1].id
    assert records[1].exception is not None and records[1].exception.traceback == ()
    assert heard.stats() == heard.Stats(lost=1)


def test_unread_for_long_is_lost(records: list[heard.Failure]) -> None:
    heard.install(grace=0.05, escalate=0.2, report=records.append)
    kept = []

    async def main() -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)

    asyncio.run(main())
    go(1)
    assert [record.verdict for record in records] == ["unread", "escalated"]
    kept.clear()
    gc.collect()
    assert len(records) == 2


@pytest.mark.parametrize("is_told_at_the_end", [False, True])
def test_a_task_whose_loop_is_closed_over_it_is_no_loss(
    is_told_at_the_end: bool, records: list[heard.Failure]
) -> None:
    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            # The loop does not come to the end of its end.
            asyncio.get_running_loop().stop()
            await asyncio.Event().wait()

    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.ensure_future(waits())))
        await asyncio.sleep(0.01)

    tasks: list[asyncio.Task[None]] = []
    loop = asyncio.new_event_loop()
    if is_told_at_the_end:
        with pytest.raises(RuntimeError), asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())
    else:
        loop.run_until_complete(main())
        loop.close()
    tasks.clear()
    del loop
    gc.collect()
    told = [record for record in records if record.event != "task-swallowed-cancel"]
    assert [(record.event, record.rule, record.verdict) for record in told] == [
        ("task-pending-at-exit", "unfinished-at-exit", None)
    ]
    assert (told[0].coroutine or "").endswith("waits")


def test_unfinished_tasks_are_told_at_the_end(records: list[heard.Failure]) -> None:
    async def main() -> None:
        asyncio.create_task(asyncio.sleep(60), name="long")
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [(record.event, record.task, record.rule, record.verdict) for record in records] == [
        ("task-pending-at-exit", "long", "unfinished-at-exit", None)
    ]
