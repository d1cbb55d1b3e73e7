"""Lists of gathered outcomes: uses that look at nothing in them, wherever they stand, and uses that do."""

from __future__ import annotations

import asyncio
import gc
import typing
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from conftest import GRACE, elapse

import heard

Use = Callable[[], Awaitable[object]]
UNREAD: list[Use] = []
READ: list[Use] = []


def unread(use: Use) -> Use:
    UNREAD.append(use)
    return use


def read(use: Use) -> Use:
    READ.append(use)
    return use


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("lost")


async def numbers() -> AsyncIterator[int]:
    yield 1


def outcomes() -> Awaitable[typing.Any]:
    return asyncio.gather(fail(), return_exceptions=True)


@unread
async def measured_behind_a_loop() -> int:
    async for _ in numbers():
        pass
    return len(await outcomes())


@unread
async def measured_by_name_behind_a_loop() -> int:
    async for _ in numbers():
        pass
    found = await outcomes()
    return len(found)


@unread
async def measured_behind_a_comprehension() -> int:
    seen = [number async for number in numbers()]
    return len(seen) + len(await outcomes())


@unread
async def measured_within_a_comprehension() -> list[int]:
    return [len(await outcomes()) async for _ in numbers()]


@unread
async def measured_within_a_handler() -> int:
    try:
        raise KeyError
    except KeyError:
        return len(await outcomes())


@unread
async def measured_behind_a_handler() -> int:
    try:
        raise KeyError
    except KeyError:
        pass
    return len(await outcomes())


@unread
async def measured_behind_a_time_limit() -> int:
    async with asyncio.timeout(5):
        pass
    return len(await outcomes())


@unread
async def asked_behind_a_loop() -> bool:
    async for _ in numbers():
        pass
    return not await outcomes()


@unread
async def compared_with_none() -> bool:
    return (await outcomes()) is not None


@unread
async def compared_with_none_by_name() -> int:
    found = await outcomes()
    if found is None:
        return 0
    return len(found)


@unread
async def asked_as_it_gets_a_name() -> int:
    if found := await outcomes():
        return len(found)
    return 0


@unread
async def passed_over() -> int:
    count = 0
    for _ in await outcomes():
        count += 1
    return count


@unread
async def passed_over_by_name() -> int:
    count = 0
    found = await outcomes()
    for one in found:  # noqa: B007
        count += 1
    return count


@unread
async def unpacked_into_the_rest() -> int:
    seen = 1
    first, *rest = await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)
    return seen if first is None else 0


@unread
async def unpacked_before_the_rest() -> object:
    first, *rest = await asyncio.gather(fail(), asyncio.sleep(0), return_exceptions=True)
    return rest


@read
async def an_element_of_a_loop_is_read_behind_it() -> object:
    for one in await outcomes():
        pass
    return one


@read
async def an_element_of_a_loop_is_read_by_reflection() -> object:
    for _ in await outcomes():
        return dict(locals())
    return None


@read
async def the_rest_is_read() -> object:
    first, *rest = await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)
    return rest


@read
async def what_is_behind_the_rest_is_read() -> object:
    *rest, last = await outcomes()
    return last


@read
async def the_name_is_read_behind_its_test() -> object:
    if found := await outcomes():
        return found
    return None


@read
async def an_element_is_compared() -> bool:
    return (await outcomes())[0] is None


@read
async def all_are_compared_behind_a_loop() -> bool:
    async for _ in numbers():
        pass
    return bool((await outcomes()) == [None])


@read
async def it_is_handed_on_behind_a_loop() -> str:
    async for _ in numbers():
        pass
    return repr(await outcomes())


def run(use: Use) -> None:
    async def main() -> None:
        await use()
        await elapse(GRACE / 2)

    asyncio.run(main())
    gc.collect()


@pytest.mark.parametrize("use", UNREAD, ids=lambda use: use.__name__)
def test_nothing_in_it_is_read(use: Use, records: list[heard.Failure]) -> None:
    run(use)
    assert [(record.event, record.verdict) for record in records] == [("outcomes-ignored", "lost")]


@pytest.mark.parametrize("use", READ, ids=lambda use: use.__name__)
def test_it_may_be_read(use: Use, records: list[heard.Failure]) -> None:
    run(use)
    assert records == []
