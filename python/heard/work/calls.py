"""Calls of `map` that run in a task of their own."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Awaitable, Callable

from heard.work import told

I = typing.TypeVar("I")  # noqa: E741
R = typing.TypeVar("R")


class End:
    """`KeyboardInterrupt` or `SystemExit`, on its way to the worker that raises it once."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def guarded(fn: Callable[[I], Awaitable[R]], item: I) -> R | End:
    """Calls the function, and returns what would end the loop of the task that it runs in."""
    try:
        return await fn(item)
    except told.ENDS as error:
        return End(error)


class OwnTasks(typing.Generic[I, R]):
    """Makes a task for each call, so that calls share neither its name nor its callbacks and cancellations."""

    def __init__(self, fn: Callable[[I], Awaitable[R]], name: str) -> None:
        self.fn = fn
        self.name = name

    async def call(self, item: I) -> R:
        coroutine = guarded(self.fn, item)
        told.rename(coroutine, self.name)
        result = await asyncio.get_running_loop().create_task(coroutine, name=self.name)
        if isinstance(result, End):
            raise result.error
        return result
