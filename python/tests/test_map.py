"""`map`: inputs, order, bounds, failures, the end that comes early, and whose variables and cancellations are whose."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import subprocess
import sys
import threading
import typing
from collections.abc import AsyncIterator, Iterator

import pytest

import heard
from conftest import LoopFactory


async def turned() -> None:
    """Whatever goes on without a clock has gone on: the loop has turned often."""
    for _ in range(100):
        await asyncio.sleep(0)


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


async def half(n: int) -> int:
    for _ in range(n % 4):
        await asyncio.sleep(0)
    if n % 5 == 3:
        raise ValueError(n)
    return n // 2


async def some(count: int) -> AsyncIterator[int]:
    for n in range(count):
        if n % 3:
            await asyncio.sleep(0)
        yield n


def expected(count: int) -> list[tuple[int, int, str]]:
    return [(n, n, f"ValueError({n})" if n % 5 == 3 else repr(n // 2)) for n in range(count)]


def pending() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def unread(records: list[heard.Failure]) -> list[str]:
    gc.collect()
    return [failure.exception.message for failure in records if failure.event == "outcome-unread" and failure.exception]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_every_item_has_its_outcome(limit: int, is_async: bool, ordered: bool, loop_factory: LoopFactory) -> None:
    async def main() -> None:
        items = some(100) if is_async else range(100)
        found = [
            (outcome.index, outcome.input, repr(outcome.error or outcome.value))
            async for outcome in heard.map(half, items, limit=limit, ordered=ordered)
        ]
        assert (found if ordered else sorted(found)) == expected(100)
        assert pending() == []

    run(main(), loop_factory)


def test_it_takes_no_more_than_it_may(loop_factory: LoopFactory) -> None:
    taken, running, most, ahead = 0, 0, 0, 0

    def endless() -> Iterator[int]:
        nonlocal taken
        for n in itertools.count():
            taken += 1
            yield n

    async def work(n: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return n

    async def main() -> None:
        nonlocal ahead
        seen = 0
        async with heard.map(work, endless(), limit=5, ordered=True) as outcomes:
            async for outcome in outcomes:
                seen += 1
                ahead = max(ahead, taken - seen)
                await asyncio.sleep(0)
                if outcome.value == 200:
                    break

    run(main(), loop_factory)
    assert most == 5
    assert ahead <= 10


def test_one_slow_item_holds_up_a_bounded_number_when_in_order(loop_factory: LoopFactory) -> None:
    started: list[int] = []

    async def main() -> None:
        gate = asyncio.Event()

        async def work(n: int) -> int:
            started.append(n)
            if n == 0:
                await gate.wait()
            return n

        async def open_later() -> None:
            await turned()
            assert started == list(range(8))
            gate.set()

        opener = asyncio.create_task(open_later())
        found = [outcome.value async for outcome in heard.map(work, range(100), limit=4, ordered=True)]
        assert found == list(range(100))
        await opener

    run(main(), loop_factory)


def test_rate_is_starts_in_a_second(loop_factory: LoopFactory) -> None:
    begun: list[int] = []

    async def work(n: int) -> None:
        begun.append(n)

    async def main(rate: float) -> None:
        async with asyncio.timeout(0.05 if rate < 1 else None):
            async for outcome in heard.map(work, range(11), limit=100, rate=rate):
                outcome.unwrap()

    # The next one would start in 100 seconds.
    with pytest.raises(TimeoutError):
        run(main(rate=0.01), loop_factory)
    assert begun == [0]

    begun.clear()
    run(main(rate=1000), loop_factory)
    assert begun == list(range(11))


@pytest.mark.parametrize("is_async", [False, True])
def test_an_exception_of_the_input_comes_after_the_outcomes_before_it(is_async: bool, loop_factory: LoopFactory) -> None:
    def broken() -> Iterator[int]:
        yield from range(5)
        raise LookupError("input")

    async def broken_too() -> AsyncIterator[int]:
        for n in broken():
            await asyncio.sleep(0)
            yield n

    async def main() -> None:
        found = []
        outcomes = heard.map(half, broken_too() if is_async else broken(), limit=3)
        with pytest.raises(LookupError, match="input"):
            async for outcome in outcomes:
                found.append(repr(outcome.error or outcome.value))
        assert sorted(found) == ["0", "0", "1", "2", "ValueError(3)"]
        assert [outcome async for outcome in outcomes] == []
        assert pending() == []

    run(main(), loop_factory)


def test_what_cannot_be_awaited_is_a_failure_of_its_item(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        outcomes = [outcome async for outcome in heard.map(typing.cast(typing.Any, str), [1], limit=1)]
        assert [repr(outcome.error) for outcome in outcomes] == ["TypeError(\"heard.map awaits what its function returns, and that was of type 'str'\")"]

    run(main(), loop_factory)


@pytest.mark.parametrize("how", ["aclose", "with", "cancel", "drop"])
@pytest.mark.parametrize("is_async", [False, True])
def test_the_end_may_come_early(
    how: str, is_async: bool, records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    cleaned: list[int] = []
    closed: list[bool] = []

    async def work(n: int) -> int:
        if n == 0:
            return n
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(n)
        return n

    def items() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    async def async_items() -> AsyncIterator[int]:
        try:
            for n in itertools.count():
                await asyncio.sleep(0)
                yield n
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main() -> None:
        outcomes = heard.map(work, async_items() if is_async else items(), limit=3)
        async for outcome in outcomes:
            assert outcome.value == 0
            await turned()
            break
        if how == "aclose":
            await outcomes.aclose()
        elif how == "with":
            async with outcomes:
                pass
        elif how == "cancel":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    async for outcome in outcomes:
                        pass
            assert [outcome async for outcome in outcomes] == []
        else:
            del outcomes
            await turned()
            gc.collect()
            await turned()
        assert pending() == []
        assert closed == [True]

    run(main(), loop_factory)
    assert sorted(cleaned) == [1, 2, 3]
    assert [failure for failure in records if failure.event != "task-pending-at-exit"] == []


def test_failures_that_nobody_gets_are_reported(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def work(n: int) -> int:
        if n == 0:
            return n
        if n == 1:
            raise ValueError("ready and not taken")
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("while it was cancelled")

    async def main() -> None:
        async with heard.map(work, range(3), limit=3, ordered=True) as outcomes:
            async for outcome in outcomes:
                assert outcome.value == 0
                await turned()
                break

    run(main(), loop_factory)
    assert sorted(unread(records)) == ["ready and not taken", "while it was cancelled"]


def test_an_item_that_is_cancelled_is_cancelled_alone(loop_factory: LoopFactory) -> None:
    async def work(n: int) -> str:
        task = asyncio.current_task()
        assert task is not None
        if n % 4 == 1:
            # Its own task, and it waits.
            task.cancel()
            await asyncio.sleep(0)
        elif n % 4 == 2:
            # Its own task, and it does not wait.
            task.cancel()
        elif n % 4 == 3:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future
        try:
            await asyncio.sleep(0) if n % 4 != 2 else None
        except asyncio.CancelledError:
            return "cancelled, though it is not"
        return "went on"

    async def main() -> None:
        found = [
            "cancelled" if outcome.cancelled else outcome.value
            async for outcome in heard.map(work, range(40), limit=3, ordered=True)
        ]
        assert found == ["went on", "cancelled", "cancelled", "cancelled"] * 10
        assert pending() == []

    run(main(), loop_factory)


def test_timeouts_inside_of_an_item_stay_there(loop_factory: LoopFactory) -> None:
    async def work(n: int) -> str:
        try:
            async with asyncio.timeout(0.005):
                await asyncio.sleep(60 if n % 2 else 0)
        except TimeoutError:
            return "timeout"
        return "in time"

    async def main() -> list[str]:
        return [outcome.value async for outcome in heard.map(work, range(10), limit=2, ordered=True)]

    assert run(main(), loop_factory) == ["in time", "timeout"] * 5


def test_every_item_has_its_own_copy_of_the_callers_variables(loop_factory: LoopFactory) -> None:
    variable: contextvars.ContextVar[object] = contextvars.ContextVar("variable")

    async def work(n: int) -> tuple[object, object]:
        before = variable.get()
        variable.set(n)
        await asyncio.sleep(0)
        return before, variable.get()

    async def main() -> None:
        variable.set("caller")
        outcomes = heard.map(work, range(20), limit=3, ordered=True)
        variable.set("later")
        assert [outcome.value async for outcome in outcomes] == [("caller", n) for n in range(20)]
        assert variable.get() == "later"

    run(main(), loop_factory)


def test_the_loop_is_not_starved(loop_factory: LoopFactory) -> None:
    turns = 0

    async def trivial(n: int) -> int:
        return n

    async def main() -> None:
        def turn() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(turn)

        loop = asyncio.get_running_loop()
        loop.call_soon(turn)
        async for outcome in heard.map(trivial, range(64_000), limit=10_000):
            outcome.unwrap()

    run(main(), loop_factory)
    assert turns >= 1000


def test_system_exit_passes_through(loop_factory: LoopFactory) -> None:
    async def leave(n: int) -> None:
        raise SystemExit(5)

    async def main() -> None:
        async for _ in heard.map(leave, [1], limit=1):
            pass

    with pytest.raises(SystemExit):
        run(main(), loop_factory)


def test_several_may_take_outcomes(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        outcomes = heard.map(half, range(3), limit=2)

        async def all_of_them() -> list[int]:
            return [outcome.index async for outcome in outcomes if outcome.error or True]

        found = await asyncio.gather(all_of_them(), all_of_them())
        assert sorted(found[0] + found[1]) == [0, 1, 2]

    run(main(), loop_factory)


@pytest.mark.parametrize("bounds", [{}, {"rate": 50.0}, {"threads": 1}], ids=repr)
def test_a_cancellation_of_one_taker_leaves_the_others_all_items(
    bounds: dict[str, typing.Any], records: list[heard.Failure], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        open_ = threading.Event()

        async def work(n: int) -> int:
            while not open_.is_set():
                await asyncio.sleep(0.001)
            return n

        outcomes = heard.map(work, range(8), limit=2, **bounds)

        async def all_of_them() -> list[int]:
            return [outcome.unwrap() async for outcome in outcomes]

        takers = [asyncio.create_task(all_of_them()) for _ in range(3)]
        await asyncio.sleep(0.01)
        takers[1].cancel()
        await asyncio.wait([takers[1]])
        open_.set()
        assert sorted(await takers[0] + await takers[2]) == list(range(8))
        assert takers[1].cancelled() and pending() == []

    run(main(), loop_factory)
    assert records == []


def test_a_taker_that_was_woken_and_cancelled_hands_its_outcome_on(loop_factory: LoopFactory) -> None:
    async def by_turns() -> None:
        # Whichever turn of the loop the cancellation falls into, the outcome is there for the other one.
        for turns in range(8):
            last = asyncio.get_running_loop().create_future()

            async def work(n: int, last: asyncio.Future[None] = last) -> int:
                await last
                return n

            outcomes = heard.map(work, [7], limit=1)

            async def take(outcomes: heard.Map[int, int] = outcomes) -> int | None:
                return [outcome.value async for outcome in outcomes][0]

            first, second = asyncio.create_task(take()), asyncio.create_task(take())
            await asyncio.sleep(0.001)
            last.set_result(None)
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
            found = await asyncio.gather(first, second, return_exceptions=True)
            assert 7 in found, (turns, found)

    run(by_turns(), loop_factory)


def test_when_all_takers_are_cancelled_the_calls_are_too(loop_factory: LoopFactory) -> None:
    cleaned: list[int] = []

    async def work(n: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append(n)

    async def main() -> None:
        outcomes = heard.map(work, itertools.count(), limit=3)

        async def take() -> None:
            async for _ in outcomes:
                pass

        takers = [asyncio.create_task(take()) for _ in range(3)]
        await turned()
        for taker in takers:
            taker.cancel()
        await asyncio.wait(takers)
        assert sorted(cleaned) == [0, 1, 2]
        assert pending() == []

    run(main(), loop_factory)


@pytest.mark.parametrize("taken", [0, 1])
def test_after_the_end_of_a_paced_map_nothing_waits(taken: int, loop_factory: LoopFactory) -> None:
    async def main() -> list[object]:
        outcomes = heard.map(half, itertools.count(), limit=2, rate=0.01)
        for _ in range(taken):
            (await anext(outcomes)).unwrap()
        waits = asyncio.create_task(anext(outcomes))
        await turned()
        await outcomes.aclose()
        # Whoever waits meanwhile learns that it is over, and so does whoever comes later.
        (ended,) = await asyncio.gather(waits, return_exceptions=True)
        assert taken == 0 or isinstance(ended, StopAsyncIteration)
        return [outcome async for outcome in outcomes]

    assert run(main(), loop_factory) == []


@pytest.mark.parametrize("threads", [None, 1])
def test_a_coroutine_that_is_closed_in_its_loop_says_nothing(
    threads: int | None, recwarn: pytest.WarningsRecorder, loop_factory: LoopFactory
) -> None:
    async def work(n: int) -> None:
        await asyncio.sleep(60)

    async def loop_over() -> None:
        async for _ in heard.map(work, range(4), limit=2, threads=threads):
            pass

    async def main() -> None:
        coroutine = loop_over()
        coroutine.send(None)
        await asyncio.sleep(0.01)
        # "coroutine ignored GeneratorExit", if anything is awaited on the way out.
        coroutine.close()
        async with asyncio.timeout(60):
            while pending():
                await asyncio.sleep(0.001)

    run(main(), loop_factory)


class Numbers:
    """An asynchronous iterator that is no generator."""

    def __init__(self, end: BaseException | None = None) -> None:
        self.number = 0
        self.closed = 0
        self.end = end

    def __aiter__(self) -> typing.Self:
        return self

    def __anext__(self) -> typing.Awaitable[int]:
        self.number += 1
        if self.end is not None and self.number > 2:
            raise self.end
        return asyncio.sleep(0, self.number)

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


def test_inputs_that_can_be_closed_are_closed(loop_factory: LoopFactory) -> None:
    async def main() -> int:
        items = Numbers()
        async with heard.map(half, items, limit=2) as outcomes:
            async for outcome in outcomes:
                assert outcome.error or outcome.value >= 0
                break
        return items.closed

    assert run(main(), loop_factory) == 1


@pytest.mark.parametrize("end", [StopIteration, asyncio.CancelledError])
def test_ends_that_mean_something_else_where_outcomes_are_awaited_are_failures_of_the_input(
    end: type[BaseException], loop_factory: LoopFactory
) -> None:
    async def main() -> None:
        outcomes = heard.map(half, Numbers(end()), limit=1)
        with pytest.raises(RuntimeError, match=f"the input of heard.map raised {end.__name__}") as caught:
            assert [outcome.value async for outcome in outcomes] == []
        assert isinstance(caught.value.__cause__, end)

    run(main(), loop_factory)


async def swallows(task: asyncio.Task[typing.Any]) -> None:
    task.cancel()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        pass


async def swallows_and_fails(task: asyncio.Task[typing.Any]) -> None:
    await swallows(task)
    raise ValueError("after a cancellation")


async def cancels_and_fails(task: asyncio.Task[typing.Any]) -> None:
    task.cancel()
    raise ValueError("before the cancellation is delivered")


@pytest.mark.parametrize("before", [swallows, swallows_and_fails, cancels_and_fails])
def test_what_an_item_does_to_its_task_does_not_reach_the_next(
    before: typing.Callable[[asyncio.Task[typing.Any]], typing.Awaitable[None]], loop_factory: LoopFactory
) -> None:
    async def work(n: int) -> int:
        task = asyncio.current_task()
        assert task is not None
        if n % 2 == 0:
            await before(task)
            return -1
        assert task.cancelling() == 0
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(half(3))
        await asyncio.sleep(0)
        return n

    async def main() -> None:
        async for outcome in heard.map(work, range(6), limit=1, ordered=True):
            if outcome.index % 2:
                assert outcome.value == outcome.index
            else:
                assert isinstance(outcome.error, ValueError) or outcome.value == -1

    run(main(), loop_factory)


def test_each_item_may_have_a_task_of_its_own(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    tasks: set[asyncio.Task[typing.Any]] = set()

    async def work(n: int) -> int:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await asyncio.sleep(0)
        if n % 4 == 3:
            raise LookupError(n)
        if n % 4 == 2:
            task.cancel()
            await asyncio.sleep(60)
        return n

    async def main() -> None:
        found = [
            "cancelled" if outcome.cancelled else repr(outcome.error or outcome.value)
            async for outcome in heard.map(work, range(8), limit=2, ordered=True, own_tasks=True)
        ]
        assert found == ["0", "1", "cancelled", "LookupError(3)", "4", "5", "cancelled", "LookupError(7)"]
        assert len(tasks) == 8
        assert {task.get_name() for task in tasks} == {work.__qualname__}
        assert pending() == []

    run(main(), loop_factory)
    assert records == []


def test_a_task_of_an_item_is_cancelled_with_the_map(loop_factory: LoopFactory) -> None:
    cleaned: list[int] = []

    async def work(n: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append(n)

    async def main() -> None:
        async with heard.map(work, itertools.count(), limit=3, own_tasks=True) as outcomes:
            waits = asyncio.create_task(anext(outcomes))
            await turned()
        await asyncio.gather(waits, return_exceptions=True)
        assert sorted(cleaned) == [0, 1, 2] and pending() == []

    run(main(), loop_factory)


def test_system_exit_of_a_task_of_its_own_passes_through(loop_factory: LoopFactory) -> None:
    async def leave(n: int) -> None:
        raise SystemExit(5)

    async def main() -> None:
        async for _ in heard.map(leave, [1, 2, 3], limit=2, own_tasks=True):
            pass

    with pytest.raises(SystemExit):
        run(main(), loop_factory)


def test_shutdown_does_not_wait_for_an_endless_map_that_somebody_keeps(loop_factory: LoopFactory) -> None:
    kept = []

    async def wait(n: int) -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        outcomes = heard.map(wait, itertools.count(), limit=3)
        kept.append(outcomes)
        with pytest.raises(TimeoutError):
            # Whoever is shielded is not cancelled.
            await asyncio.wait_for(asyncio.shield(anext(outcomes)), 0.01)

    run(main(), loop_factory)


def test_memory_is_constant(loop_factory: LoopFactory) -> None:
    live = 0
    most = 0

    class Item:
        def __init__(self) -> None:
            nonlocal live, most
            live += 1
            most = max(most, live)

        def __del__(self) -> None:
            nonlocal live
            live -= 1

    async def work(item: Item) -> Item:
        return item

    async def main() -> None:
        async for outcome in heard.map(work, (Item() for _ in range(50_000)), limit=50):
            outcome.unwrap()

    run(main(), loop_factory)
    gc.collect()
    assert live == 0
    assert most <= 150


@pytest.mark.parametrize("bounds", [{"limit": 0}, {"limit": 1, "rate": -1}, {"limit": 1, "threads": 0}])
def test_senseless_bounds_are_refused(bounds: dict[str, typing.Any]) -> None:
    with pytest.raises(ValueError):
        heard.map(half, [], **bounds)


def test_a_thread_in_an_item_when_the_interpreter_ends_does_not_abort_the_process() -> None:
    program = """\
import asyncio, sys, threading, time, heard
class Slow:
    def __del__(self, sleep=time.sleep): sleep(0.2)
sys.modules["slow"] = Slow()
started = threading.Barrier(3)
def items():
    started.wait()
    yield 1
    while True: time.sleep(0.01)
async def take(item): pass
async def work(item):
    started.wait()
    while True: time.sleep(0.01)
async def main(function, items):
    async for _ in heard.map(function, items, limit=2): pass
def run(*of): asyncio.run(main(*of))
run(take, [1, 2])  # what the first use prepares is there
for of in ((work, [1]), (take, items())):
    threading.Thread(target=run, args=of, daemon=True).start()
started.wait()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
