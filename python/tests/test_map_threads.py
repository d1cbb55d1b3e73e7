"""`map(threads=N)`: the same outcomes, from several loops."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import sys
import threading
import typing

import pytest

import heard
from conftest import LoopFactory


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


def lanes() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("heard.map")]


async def no_lanes() -> None:
    """The threads are over, at last: they say so before they are."""
    async with asyncio.timeout(30):
        while lanes():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("ordered", [False, True])
def test_items_are_spread_and_every_one_has_its_outcome(ordered: bool, loop_factory: LoopFactory) -> None:
    used: set[tuple[str, type]] = set()

    async def half(n: int) -> int:
        used.add((threading.current_thread().name, type(asyncio.get_running_loop())))
        await asyncio.sleep(0.0005)
        if n % 5 == 3:
            raise ValueError(n)
        return n // 2

    async def main() -> None:
        found = [
            (outcome.index, repr(outcome.error or outcome.value))
            async for outcome in heard.map(half, range(60), limit=6, threads=3, ordered=ordered)
        ]
        assert (found if ordered else sorted(found)) == [(n, f"ValueError({n})" if n % 5 == 3 else repr(n // 2)) for n in range(60)]
        kind = type(asyncio.get_running_loop())
        assert used == {(f"heard.map-{number}", kind) for number in range(3)}
        await no_lanes()

    run(main(), loop_factory)


def test_calls_have_a_copy_of_the_callers_variables(loop_factory: LoopFactory) -> None:
    variable: contextvars.ContextVar[object] = contextvars.ContextVar("variable")

    async def work(n: int) -> object:
        before = variable.get()
        variable.set(n)
        await asyncio.sleep(0)
        return before

    async def main() -> list[object]:
        variable.set("caller")
        return [outcome.value async for outcome in heard.map(work, range(10), limit=4, threads=2)]

    assert run(main(), loop_factory) == ["caller"] * 10


@pytest.mark.parametrize("how", ["aclose", "cancel"])
def test_the_end_may_come_early(how: str, loop_factory: LoopFactory) -> None:
    begun: list[int] = []
    cleaned: list[int] = []

    async def work(n: int) -> int:
        if n == 0:
            return n
        begun.append(n)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)
            cleaned.append(n)
        return n

    async def main() -> None:
        outcomes = heard.map(work, itertools.count(), limit=4, threads=2)
        async for outcome in outcomes:
            assert outcome.value == 0
            while len(begun) < 4:
                await asyncio.sleep(0.001)
            break
        if how == "aclose":
            await outcomes.aclose()
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await anext(outcomes)
        # All have ended before it returned, and so have the threads.
        assert sorted(cleaned) == [1, 2, 3, 4]
        await no_lanes()

    run(main(), loop_factory)


def test_a_call_that_is_cancelled_is_cancelled_alone(loop_factory: LoopFactory) -> None:
    async def work(n: int) -> int:
        if n == 1:
            raise asyncio.CancelledError
        return n

    async def main() -> list[object]:
        return [
            "cancelled" if outcome.cancelled else outcome.value
            async for outcome in heard.map(work, range(3), limit=1, threads=1, ordered=True)
        ]

    assert run(main(), loop_factory) == [0, "cancelled", 2]


def test_system_exit_passes_through(loop_factory: LoopFactory) -> None:
    async def leave(n: int) -> None:
        raise SystemExit(5)

    async def main() -> None:
        async for _ in heard.map(leave, [1], limit=1, threads=1):
            pass

    with pytest.raises(SystemExit):
        run(main(), loop_factory)


def test_a_loop_that_ends_by_itself_fails_its_calls_and_is_replaced(loop_factory: LoopFactory) -> None:
    async def work(n: int) -> int:
        if n % 10 == 3:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(60)
        await asyncio.sleep(0)
        return n

    async def main() -> None:
        ended = 0
        async for outcome in heard.map(work, range(40), limit=2, threads=2):
            match outcome:
                case heard.Ok(value):
                    assert value % 10 != 3
                case heard.Err(error):
                    assert "has ended under this call" in str(error) and not outcome.cancelled
                    ended += 1
        # Those that stop it, and at most one that runs beside each.
        assert 4 <= ended <= 8
        await no_lanes()

    run(main(), loop_factory)


@pytest.mark.parametrize("where", ["callback", "task"])
def test_system_exit_beside_a_call_ends_the_program(where: str, loop_factory: LoopFactory) -> None:
    async def leave() -> None:
        raise SystemExit(5)

    async def work(n: int) -> None:
        loop = asyncio.get_running_loop()
        if where == "callback":
            loop.call_soon(sys.exit, 5)
        else:
            kept.append(loop.create_task(leave()))
            kept[-1].add_done_callback(asyncio.Task.exception)
        await asyncio.sleep(60)

    kept: list[asyncio.Task[None]] = []

    async def main() -> None:
        async for _ in heard.map(work, itertools.count(), limit=4, threads=2):
            pass

    with pytest.raises(SystemExit) as caught:
        run(main(), loop_factory)
    assert caught.value.code == 5
