"""Failures on purpose: which call fails, when, and what is left of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from heard.testing import inject


def make(x: int) -> Callable[..., Awaitable[tuple[int, ...]]]:
    async def work(a: int, b: int = 2, *, c: int = 3) -> tuple[int, ...]:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return a, b, c, x

    return work


async def plain() -> str:
    await asyncio.sleep(0)
    return "plain"


class Client:
    closed = 0

    async def method(self) -> str:
        await asyncio.sleep(0)
        return "method"

    @classmethod
    async def of_class(cls) -> str:
        return "of_class"

    @staticmethod
    async def static() -> str:
        return "static"

    async def items(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            Client.closed += 1


def decorated(function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    @functools.wraps(function)
    async def wrapper(*args: object) -> str:
        return await function(*args)

    return wrapper


#: Everything that leads to the same function, and a call of it.
WAYS: dict[str, tuple[object, Callable[[], Awaitable[object]]]] = {
    "a name": (f"{__name__}:plain", plain),
    "the function": (plain, plain),
    "a partial": (functools.partial(plain), plain),
    "a method by name": (f"{__name__}:Client.method", lambda: Client().method()),
    "a bound method": (Client().method, lambda: Client().method()),
    "a class method": (f"{__name__}:Client.of_class", Client.of_class),
    "a static method": (f"{__name__}:Client.static", Client.static),
    "behind a decorator": (Client.static, lambda: decorated(Client.static)()),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_function(way: str) -> None:
    into, call = WAYS[way]
    with inject(typing.cast(str, into), ConnectionError("down")) as injection, pytest.raises(ConnectionError, match="down"):
        asyncio.run(_await(call()))
    assert injection.injected == 1
    assert isinstance(asyncio.run(_await(call())), str)


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


def test_only_the_nth_call_fails() -> None:
    work = make(4)

    async def main() -> list[object]:
        return list(await asyncio.gather(work(1), work(1), work(1), return_exceptions=True))

    with inject(work, KeyError("k"), on=2) as injection:
        outcomes = asyncio.run(main())
    assert [type(outcome) for outcome in outcomes] == [tuple, KeyError, tuple]
    assert (injection.calls, injection.injected) == (3, 1)
    assert asyncio.run(main()) == [(1, 2, 3, 4)] * 3


@pytest.mark.parametrize(("at", "ran"), [("start", []), (1, ["first"]), (2, ["first", "second"]), ("end", ["first", "second", "third"])])
def test_the_moment(at: typing.Any, ran: list[str]) -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("first")
        await asyncio.sleep(0)
        seen.append("second")
        await asyncio.sleep(0)
        seen.append("third")

    with inject(work, ValueError, at=at), pytest.raises(ValueError):
        asyncio.run(work())
    assert seen == ran


def test_the_function_may_handle_what_it_waits_for() -> None:
    async def work() -> str:
        try:
            await asyncio.sleep(60)
        except OSError as error:
            return f"handled {error}"
        return "slept"

    with inject(work, OSError("lost"), at=1):
        assert asyncio.run(work()) == "handled lost"


def test_a_moment_that_does_not_come() -> None:
    with inject(plain, ValueError, at=9) as injection:
        assert asyncio.run(plain()) == "plain"
    assert injection.injected == 0


@pytest.mark.parametrize(("at", "seen"), [("start", []), (1, []), (3, [0, 1]), ("end", [0, 1, 2])])
def test_async_generators(at: typing.Any, seen: list[int]) -> None:
    got: list[int] = []

    async def main() -> None:
        async with contextlib.aclosing(typing.cast(typing.Any, Client().items())) as items:
            async for item in items:
                got.append(item)

    closed = Client.closed
    with inject(Client.items, OSError("down"), at=at), pytest.raises(OSError, match="down"):
        asyncio.run(main())
    assert got == seen
    assert Client.closed == closed + (at != "start")
    asyncio.run(main())
    assert got == [*seen, 0, 1, 2]


def test_cancellation_timeout_and_hang() -> None:
    async def main() -> list[object]:
        seen: list[object] = []
        with inject(plain, "cancel"):
            task = asyncio.create_task(plain())
            await asyncio.wait([task])
            seen.append(task.cancelled())
        with inject(plain, "timeout"):
            seen.append(type((await asyncio.gather(plain(), return_exceptions=True))[0]))
        with inject(plain, "hang", at=1):
            task = asyncio.create_task(plain())
            await asyncio.wait([task], timeout=0.01)
            seen.append(task.done())
            task.cancel()
            await asyncio.wait([task])
            seen.append(task.cancelled())
        return seen

    assert asyncio.run(main()) == [True, TimeoutError, False, True]


def test_as_a_decorator_it_is_new_each_time() -> None:
    @inject(plain, ValueError)
    async def coroutine_function() -> str:
        return await plain()

    @inject(plain, ValueError)
    def function() -> str:
        return asyncio.run(plain())

    assert inspect.iscoroutinefunction(coroutine_function)
    for _ in range(2):
        with pytest.raises(ValueError):
            asyncio.run(coroutine_function())
        with pytest.raises(ValueError):
            function()
    assert asyncio.run(plain()) == "plain"


def test_injections_end_in_any_order() -> None:
    code = typing.cast(typing.Any, plain).__code__
    first, second = inject(plain, ValueError, on=1), inject(plain, KeyError, on=2)
    first.__enter__()
    second.__enter__()
    with pytest.raises(ValueError):
        asyncio.run(plain())
    first.__exit__()
    with pytest.raises(KeyError):
        asyncio.run(plain())
    second.__exit__()
    assert typing.cast(typing.Any, plain).__code__ is code


def test_a_call_under_way_ends_undisturbed() -> None:
    async def main() -> str:
        with inject(plain, ValueError, at="end"):
            task = asyncio.create_task(plain())
            await asyncio.sleep(0)
        return await task

    assert asyncio.run(main()) == "plain"


@pytest.mark.parametrize(
    ("into", "options", "error", "said"),
    [
        ("nothing_here:work", {}, LookupError, "no module 'nothing_here'"),
        (f"{__name__}:nothing", {}, LookupError, "no 'nothing'"),
        (f"{__name__}.plain", {}, LookupError, "package.module:function"),
        (len, {}, TypeError, "no async function"),
        (decorated, {}, TypeError, "no async function"),
        (plain, {"on": 0}, ValueError, "from 1"),
        (plain, {"at": "middle"}, ValueError, "'start', 'end'"),
        (plain, {"failure": "explode"}, TypeError, "an exception"),
    ],
)
def test_what_cannot_be_done_is_said(into: typing.Any, options: dict[str, typing.Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        inject(into, **{"failure": ValueError, **options})
