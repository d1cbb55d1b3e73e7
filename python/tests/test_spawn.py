"""`spawn`, `drain` and `contained`: who hears of a failure, and when."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref

import pytest

import heard
from collections.abc import Callable

from conftest import Finished, LoopFactory


async def fail(message: str = "x", after: float = 0.0) -> None:
    await asyncio.sleep(after)
    raise LookupError(message)


def run(main, loop_factory: LoopFactory):  # type: ignore[no-untyped-def]
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


def test_a_failure_is_reported_at_once_with_its_place(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> int:
        heard.spawn(fail("gone"))
        await asyncio.sleep(0.01)
        return len(records)

    assert run(main(), loop_factory) == 1
    (failure,) = records
    assert (failure.event, failure.verdict, failure.task, failure.coroutine) == ("spawn-failed", None, "fail", "fail")
    assert failure.exception is not None and failure.exception.message == "gone"
    assert failure.born[0].path == __file__ and failure.born[0].function.endswith("main")


def test_a_spawned_task_is_kept_without_the_monitor_too(caplog: pytest.LogCaptureFixture, loop_factory: LoopFactory) -> None:
    ended = []
    futures: weakref.WeakSet[asyncio.Future[None]] = weakref.WeakSet()

    async def work() -> None:
        # Nothing but a cycle holds this future and its task, until a timer that knows neither looks for it.
        future = asyncio.get_running_loop().create_future()
        futures.add(future)
        await future
        ended.append(1)
        raise LookupError("told")

    async def main() -> None:
        reference = weakref.ref(heard.spawn(work()))
        await asyncio.sleep(0)
        gc.collect()
        assert reference() is not None
        for future in futures:
            future.set_result(None)
        await heard.drain()
        gc.collect()
        assert reference() is None

    run(main(), loop_factory)
    assert ended == [1]
    assert [record.name for record in caplog.records] == ["heard"]
    assert caplog.records[0].message.splitlines()[0].endswith("failed: LookupError: told")


def test_whoever_awaits_it_gets_the_failure_as_well(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        with pytest.raises(LookupError):
            await heard.spawn(fail(), name="mine")

    run(main(), loop_factory)
    assert [failure.task for failure in records] == ["mine"]


def test_a_function_gets_the_record_instead_of_a_report(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    seen: list[heard.Failure] = []

    async def main() -> None:
        heard.spawn(fail("for me"), on_failure=seen.append)
        await heard.drain()

    run(main(), loop_factory)
    assert [failure.exception and failure.exception.message for failure in seen] == ["for me"]
    assert records == []


def test_a_function_that_fails_itself_hides_nothing(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    def handler(failure: heard.Failure) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        heard.spawn(fail("first"), on_failure=handler)
        await heard.drain()

    run(main(), loop_factory)
    assert sorted(failure.exception.type for failure in records if failure.exception) == ["LookupError", "ZeroDivisionError"]


def test_abort_cancels_main(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        heard.spawn(fail("fatal"), on_failure="abort")
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        run(main(), loop_factory)
    assert [failure.event for failure in records] == ["spawn-failed"]


def test_abort_ends_heard_run_with_the_failure(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    cleaned = []

    async def main() -> None:
        heard.spawn(fail("fatal"), on_failure="abort")
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    with pytest.raises(LookupError, match="fatal"):
        heard.run(main(), loop_factory=loop_factory)
    assert cleaned == [True]


def test_abort_without_a_main_task_stops_the_loop(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    loop = loop_factory()
    loop.call_soon(lambda: heard.spawn(fail(), on_failure="abort"))
    loop.run_forever()
    loop.close()
    assert len(records) == 1


def test_abort_ends_every_run_of_a_loop(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        heard.spawn(fail("fatal"), on_failure="abort")
        await asyncio.sleep(60)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        for _ in range(2):
            with pytest.raises(asyncio.CancelledError):
                runner.run(main())
    assert len(records) == 2


def test_abort_at_the_end_of_main_leaves_the_end_alone(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    ended: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("while it was cancelled")

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("slow")

    async def main() -> str:
        heard.spawn(stubborn(), on_failure="abort")
        heard.spawn(slow())
        await asyncio.sleep(0)
        return "main"

    assert run(main(), loop_factory) == "main"
    assert ended == ["slow"]


def test_keyboard_interrupt_and_system_exit_pass_through(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    async def main() -> None:
        heard.spawn(leave())
        await asyncio.sleep(60)

    with pytest.raises(SystemExit):
        run(main(), loop_factory)
    assert [failure for failure in records if failure.event == "spawn-failed"] == []


def test_it_can_be_called_from_a_callback_and_another_thread(loop_factory: LoopFactory) -> None:
    ran: list[str] = []

    async def note(what: str) -> None:
        ran.append(what)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: heard.spawn(note("callback")))
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(lambda: heard.spawn(note("thread"))))
        thread.start()
        while len(ran) < 2:
            await asyncio.sleep(0.001)
        thread.join()

    run(main(), loop_factory)
    assert sorted(ran) == ["callback", "thread"]


@pytest.mark.filterwarnings("error")
def test_without_a_loop_it_says_what_to_do_and_closes_the_coroutine() -> None:
    with pytest.raises(RuntimeError, match="call_soon_threadsafe"):
        heard.spawn(fail())


def test_what_main_leaves_is_cancelled_and_its_failure_told(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("while it was cancelled")

    async def main() -> None:
        heard.spawn(stubborn())
        await asyncio.sleep(0)

    run(main(), loop_factory)
    assert [failure.event for failure in records if failure.event == "spawn-failed"] == ["spawn-failed"]


def test_drain_waits_for_tasks_that_tasks_spawn(loop_factory: LoopFactory) -> None:
    ended: list[int] = []

    async def work(depth: int) -> None:
        await asyncio.sleep(0)
        if depth:
            heard.spawn(work(depth - 1))
        ended.append(depth)

    async def main() -> None:
        heard.spawn(work(5))
        await heard.drain()

    run(main(), loop_factory)
    assert ended == [5, 4, 3, 2, 1, 0]


def test_spawned_tasks_may_drain(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        heard.spawn(heard.drain())
        heard.spawn(heard.drain())
        heard.spawn(asyncio.sleep(0.01))
        await heard.drain(timeout=10)

    run(main(), loop_factory)


def test_drain_does_not_wait_for_a_service(loop_factory: LoopFactory) -> None:
    async def poll() -> None:
        while True:
            await asyncio.sleep(60)

    async def main() -> None:
        service = heard.supervise(poll)
        heard.spawn(asyncio.sleep(0))
        await heard.drain(timeout=10)
        assert service.state == "running"
        await service.stop()

    run(main(), loop_factory)


async def in_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(heard.drain())


async def in_a_gather() -> None:
    await asyncio.gather(heard.drain(), heard.drain())


async def with_a_timeout() -> None:
    await asyncio.wait_for(heard.drain(), 60)


async def in_a_spawned_task() -> None:
    await heard.spawn(in_a_group())


@pytest.mark.parametrize("drains", [heard.drain, in_a_group, in_a_gather, with_a_timeout, in_a_spawned_task])
@pytest.mark.parametrize("by", ["spawn", "supervise"])
def test_what_comes_from_a_spawned_task_may_drain(drains, by: str, loop_factory: LoopFactory) -> None:  # type: ignore[no-untyped-def]
    ended: list[str] = []

    async def main() -> None:
        async def job() -> None:
            await drains()
            ended.append("drained")

        async def slow() -> None:
            await asyncio.sleep(0.01)
            ended.append("slow")

        heard.spawn(slow())
        if by == "spawn":
            heard.spawn(job())
            heard.spawn(job())
            await heard.drain(timeout=10)
            assert ended == ["slow", "drained", "drained"]
        else:
            await heard.supervise(job)
            assert ended == ["slow", "drained"]

    run(main(), loop_factory)


def test_main_waits_for_tasks_that_drain_themselves(loop_factory: LoopFactory) -> None:
    flushed: list[bool] = []

    async def flusher() -> None:
        await heard.drain()
        await asyncio.sleep(0.001)
        flushed.append(True)

    async def main() -> None:
        heard.spawn(flusher())
        heard.spawn(asyncio.sleep(0))
        await heard.drain(timeout=10)

    run(main(), loop_factory)
    assert flushed == [True]


def test_a_task_that_spawns_its_successor_leaves_nothing_behind(loop_factory: LoopFactory) -> None:
    lengths: set[int] = set()

    async def tick(left: int) -> None:
        lengths.add(sum(len(value) for value in contextvars.copy_context().values() if isinstance(value, tuple)))
        await asyncio.sleep(0)
        if left:
            heard.spawn(tick(left - 1))

    async def main() -> None:
        heard.spawn(tick(100))
        await heard.drain(timeout=30)

    run(main(), loop_factory)
    assert max(lengths) <= 3


def test_drain_gives_up_after_its_time_and_leaves_them_running(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        task = heard.spawn(asyncio.sleep(60, None), name="slow")
        with pytest.raises(TimeoutError, match="1 spawned tasks still run: slow"):
            await heard.drain(timeout=0.01)
        assert not task.done()

    run(main(), loop_factory)


def test_contained_reports_and_returns_none(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> list[int | None]:
        async def value() -> int:
            return 1

        async def bad() -> int:
            raise LookupError("inside")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(heard.contained(value())), group.create_task(heard.contained(bad()))]
        return [task.result() for task in tasks]

    assert run(main(), loop_factory) == [1, None]
    assert [(failure.event, failure.coroutine and failure.coroutine.rpartition(".")[2]) for failure in records] == [
        ("contained-failed", "bad")
    ]


def test_contained_lets_cancellation_through(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        task = asyncio.create_task(heard.contained(asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main(), loop_factory)
    assert records == []


def test_a_hundred_thousand_that_end_leave_nothing(loop_factory: LoopFactory) -> None:
    async def nothing() -> None:
        pass

    def tasks() -> int:
        gc.collect()
        return sum(isinstance(one, asyncio.Task) for one in gc.get_objects())

    async def main() -> int:
        for _ in range(200):
            for _ in range(500):
                heard.spawn(nothing())
            await heard.drain()
        gc.collect()
        return len(asyncio.all_tasks())

    before = tasks()
    assert run(main(), loop_factory) == 1
    assert tasks() <= before


def test_eager_tasks_are_heard_too(records: list[heard.Failure]) -> None:
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        pytest.skip("there are no eager tasks before 3.12")

    async def at_once() -> None:
        raise LookupError

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        heard.spawn(at_once())
        await heard.drain()

    asyncio.run(main())
    assert [failure.event for failure in records] == ["spawn-failed"]


def test_a_program_without_the_monitor_says_it_on_stderr(launch: Callable[..., Finished]) -> None:
    finished = launch(
        """
        import asyncio, heard

        async def send():
            raise OSError("no route")

        async def main():
            heard.spawn(send())
            await heard.drain()

        asyncio.run(main())
        """
    )
    assert finished.code == 0
    head, born, *_ = finished.err.splitlines()
    assert head == "heard: spawned task 'send' failed: OSError: no route"
    assert born.split() == ["born", "app.py:8", "in", "main"]


def test_what_is_no_coroutine_is_refused() -> None:
    with pytest.raises(TypeError, match="heard.spawn takes a coroutine, not NoneType"):
        heard.spawn(None)  # type: ignore[arg-type]
