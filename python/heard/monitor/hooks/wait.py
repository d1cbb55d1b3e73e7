"""`asyncio.wait` without its side effect: with FIRST_EXCEPTION, the original reads every failure."""

from __future__ import annotations

import asyncio
import asyncio.tasks
import sys
import typing

from heard.monitor.hooks.patch import Undo, replace


def put() -> Undo:
    tasks: typing.Any = asyncio.tasks
    return replace(tasks, "_wait", _wait)


async def _wait(
    fs: typing.Collection[asyncio.Future[typing.Any]],
    timeout: float | None,
    return_when: str,
    loop: asyncio.AbstractEventLoop,
) -> tuple[set[asyncio.Future[typing.Any]], set[asyncio.Future[typing.Any]]]:
    assert fs, "Set of Futures is empty."
    waiter = loop.create_future()
    left = len(fs)
    waiting_task: typing.Any = asyncio.current_task() if sys.version_info >= (3, 14) else None

    def release() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def ended(future: asyncio.Future[typing.Any]) -> None:
        nonlocal left
        left -= 1
        first = return_when == asyncio.FIRST_COMPLETED or return_when == asyncio.FIRST_EXCEPTION and _has_failed(future)
        if left <= 0 or first:
            if timer is not None:
                timer.cancel()
            release()
        if sys.version_info >= (3, 14):
            asyncio.futures.future_discard_from_awaited_by(future, waiting_task)

    timer = None if timeout is None else loop.call_later(timeout, release)
    for future in fs:
        future.add_done_callback(ended)
        if sys.version_info >= (3, 14):
            asyncio.futures.future_add_to_awaited_by(future, waiting_task)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        for future in fs:
            future.remove_done_callback(ended)
    done = {future for future in fs if future.done()}
    return done, {future for future in fs if future not in done}


def _has_failed(future: typing.Any) -> bool:
    if future.cancelled():
        return False
    if isinstance(future, asyncio.Future):
        # Not `exception()`: that counts as reading it.
        return future._exception is not None
    return future.exception() is not None
