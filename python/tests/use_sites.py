"""What type checkers have to say about uses of the primitives: `test_types.py` runs them on this file.

Each `assert_type` is a use. A line that ends in `# wrong` has to be an error in all checkers.
"""

from __future__ import annotations

import asyncio
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import assert_type

import heard


async def length(text: str) -> int:
    return len(text)


async def nothing() -> None: ...


async def texts() -> AsyncIterator[str]:
    yield "a"


def see(failure: heard.Failure) -> None: ...


async def spawning() -> None:
    assert_type(heard.spawn(length("a")), asyncio.Task[int])
    assert_type(await heard.spawn(length("a"), name="n", on_failure="abort"), int)
    heard.spawn(nothing(), on_failure=see)
    heard.spawn(nothing(), on_failure="ignore")  # wrong
    heard.spawn(length)  # wrong
    assert_type(await heard.drain(timeout=1.0), None)
    assert_type(await heard.contained(length("a")), int | None)
    assert_type(await heard.contained(asyncio.ensure_future(length("a"))), int | None)
    async with asyncio.TaskGroup() as tasks:
        assert_type(tasks.create_task(heard.contained(length("a"))), asyncio.Task[int | None])


async def grouping() -> None:
    async with heard.Group(limit=3, rate=1.5, on_failure="cancel") as group:
        assert_type(group, heard.Group)
        assert_type(group.create_task(length("a"), name="n"), asyncio.Task[int])
        assert_type(await group.submit(length("a")), asyncio.Task[int])
        assert_type((await group.submit(length("a"))).result(), int)
        group.create_task(3)  # wrong
    heard.Group(on_failure="forget")  # wrong
    heard.Group(on_failure=see)
    heard.Group(on_failure="abort")


async def serve(port: int, *, task_status: heard.TaskStatus[str] = heard.TASK_STATUS_IGNORED) -> None:
    task_status.started(f":{port}")
    task_status.started(port)  # wrong


async def wait(*, task_status: heard.TaskStatus[None]) -> None:
    task_status.started()


async def starting() -> str:
    # What may swallow an exception would ask for a `return` behind the block.
    async with heard.Group() as group:
        await group.start(serve, 8080, name="server")
        await group.start(wait)
        await group.start(length("a"))  # wrong
        assert_type(group.cancel(), None)
        return "started"


async def outcomes() -> None:
    found = await heard.outcomes([length("a"), length("b")], limit=2)
    assert_type(found[0].index, int)
    assert_type(found[0].value, int)
    assert_type(found[0].unwrap(), int)
    assert_type(found[0].error, BaseException | None)
    assert_type(found[0].ok, bool)
    assert_type(found[0].cancelled, bool)
    assert_type(found[0].name, str)
    assert_type(found[0].born, tuple[heard.Place, ...])
    found[0].value = 3  # wrong
    values, failures = heard.split(found)
    assert_type(values, list[int])
    assert_type(failures, list[heard.Err[Awaitable[int]]])
    assert_type(failures[0].error, BaseException)
    await heard.outcomes([3])  # wrong


def matching(outcome: heard.Outcome[int, str]) -> str:
    # No other case is needed: the checkers know that it is one of the two.
    match outcome:
        case heard.Ok(value):
            assert_type(value, int)
            assert_type(outcome.input, str)
            return "value"
        case heard.Err(OSError() as error):
            assert_type(error, OSError)
            return "error"
        case heard.Err(error):
            assert_type(error, BaseException)
            return "other"


def forgetting(outcome: heard.Outcome[int]) -> int:  # wrong
    match outcome:
        case heard.Ok(value):
            return value


def narrowing_by_class(outcome: heard.Outcome[int, str]) -> int:
    if isinstance(outcome, heard.Err):
        assert_type(outcome.error, BaseException)
        return 0
    assert_type(outcome.error, None)
    return outcome.value


def widening(outcome: heard.Outcome[bool, str]) -> heard.Outcome[int]:
    return outcome


def narrowing(outcome: heard.Outcome[object]) -> heard.Outcome[int]:
    return outcome  # wrong


async def mapping() -> None:
    assert_type(heard.map(length, ["a"], limit=3), heard.Map[int, str])
    async for outcome in heard.map(length, texts(), limit=3, ordered=True, rate=2, threads=2):
        assert_type(outcome, heard.Outcome[int, str])
        assert_type(outcome.value, int)
        assert_type(outcome.input, str)
    assert_type([outcome.value async for outcome in heard.map(length, {"a"}, limit=3)], list[int])
    async with heard.map(length, ["a"], limit=1) as found:
        assert_type(await anext(found), heard.Outcome[int, str])
    assert_type(await heard.map(length, ["a"], limit=3).aclose(), None)
    heard.map(length, [1], limit=3)  # wrong
    heard.map(length, ["a"])  # wrong
    heard.map(len, ["a"], limit=3)  # wrong


async def supervising() -> None:
    service = heard.supervise(nothing, restart="always", backoff=heard.Backoff(first=1), max_restarts=3)
    assert_type(service, heard.Service[None])
    assert_type(await service, None)
    assert_type(service.restarts, int)
    assert_type(service.last_failure, heard.Failure | None)
    assert_type(await heard.supervise(lambda: length("a")), int)
    assert_type(await service.stop(), None)
    heard.supervise(length)  # wrong
    heard.supervise(nothing, restart="sometimes")  # wrong


assert_type(heard.run(length("a")), int)
iterator: AsyncIterator[heard.Outcome[int, str]] = heard.map(length, ["a"], limit=1)
starter: Callable[[Coroutine[typing.Any, typing.Any, int]], Awaitable[int]] = heard.spawn
