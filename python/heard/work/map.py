"""A function on every item of an input, so many at a time: `map`."""

from __future__ import annotations

import asyncio
import contextvars
import types
import typing
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable

from heard.work import told
from heard.work.gate import check_bounds
from heard._native import Outcome, Pool, Results, Worker
from heard.work.lanes import Threads
from heard.work.outcome import Origin, cancelled, failed

I = typing.TypeVar("I")  # noqa: E741
R = typing.TypeVar("R")


class Map(Results[R, I], AsyncIterator[Outcome[R, I]]):
    """The outcomes of `heard.map`, as an asynchronous iterator.

    `aclose` ends it early: it cancels what runs, waits until that has ended, and closes the input. As a context
    manager it does so at the end of the block. Being cancelled while it waits for an outcome does the same.
    """

    __slots__ = ()

    async def __anext__(self) -> Outcome[R, I]:
        # A coroutine of Python's: from 3.12 on, it hands over its result quicker than what is written in Rust can.
        outcome = self._take()
        if outcome is not None:
            return outcome
        try:
            return await self._wait()
        except StopAsyncIteration:
            raise
        except GeneratorExit:
            # Nothing can be awaited any more.
            self._pool.stop()
            raise
        except BaseException:
            await _close_quietly(self._pool)
            raise

    async def aclose(self) -> None:
        """Cancels what runs, waits until that has ended, and closes the input."""
        await _close(self._pool)

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # Whoever leaves an `async for` early does not close it. Nothing can be awaited here.
        pool = self._pool
        loop = pool.runs_in()
        if loop is not None and not loop.is_closed():
            if asyncio._get_running_loop() is loop:
                pool.stop()
            else:
                loop.call_soon_threadsafe(pool.stop)


def map(  # noqa: A001
    fn: Callable[[I], Awaitable[R]],
    items: Iterable[I] | AsyncIterable[I],
    *,
    limit: int,
    rate: float | None = None,
    ordered: bool = False,
    threads: int | None = None,
) -> Map[R, I]:
    """Calls `fn` on every item and gives the outcomes, in constant memory, however many items there are.

    At most `limit` calls run at a time, `rate` start in a second, and items are taken from `items` only when they are
    about to start; at most as many outcomes as `limit` wait to be looked at. Outcomes come as the calls end, or with
    `ordered=True` in the order of the items. Every call has a copy of the context variables of the caller of `map`,
    but not a task of its own: calls take turns in up to `limit` tasks.

    A failure of a call is in its outcome, and is reported if nobody reads that. An exception of `items` is raised
    where the outcomes are awaited, after those of the items before it. Being cancelled there, or `aclose`, cancels the
    calls, waits for them, and closes the input, if that is a generator; failures on the way are reported.
    To leave an `async for` early, use `async with heard.map(...) as outcomes`.

    `threads`: spreads the items over so many event loops in threads of their own. `fn` must be fit for that.

    >>> async def half(n: int) -> int:
    ...     if n % 2:
    ...         raise ValueError(f"{n} is odd")
    ...     return n // 2
    >>> async def main() -> None:
    ...     async for outcome in heard.map(half, range(4), limit=100, ordered=True):
    ...         print(outcome.input, outcome.error or outcome.value)
    >>> asyncio.run(main())
    0 0
    1 1 is odd
    2 1
    3 3 is odd
    """
    check_bounds(limit, rate)
    site = told.called()
    name = told.name_of(fn) or type(fn).__qualname__
    if threads is not None and threads < 1:
        raise ValueError(f"threads is how many there are, at least 1: not {threads!r}")
    spread = None if threads is None else Threads(fn, min(threads, limit))
    is_async = isinstance(items, AsyncIterable)
    pool = Pool(
        fn if spread is None else spread.call,
        aiter(items) if isinstance(items, AsyncIterable) else iter(items),
        is_async=is_async,
        limit=limit,
        is_ordered=ordered,
        interval=None if rate is None else 1 / rate,
        context=contextvars.copy_context(),
        origin=Origin("heard.map", name, site, name),
        coroutine=types.CoroutineType,
        cancellation=asyncio.CancelledError,
        failed=failed,
        cancelled=cancelled,
        start=_start,
        sleep=_sleep,
    )
    return Map(pool) if spread is None else _Spread(pool, spread)


class _Spread(Map[R, I]):
    """The outcomes of calls in other threads, which end with the last of them."""

    __slots__ = ("_threads",)

    def __init__(self, pool: Pool, threads: Threads[I, R]) -> None:
        super().__init__()
        self._threads = threads

    def __new__(cls, pool: Pool, threads: Threads[I, R]) -> typing.Self:
        return super().__new__(cls, pool)

    async def __anext__(self) -> Outcome[R, I]:
        try:
            return await super().__anext__()
        except BaseException:
            await self._threads.close()
            raise

    async def aclose(self) -> None:
        try:
            await super().aclose()
        finally:
            await self._threads.close()

    def __del__(self) -> None:
        super().__del__()
        self._threads.stop()


def _start(worker: Worker, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    # Not `create_task`: a task factory of the program's might run the worker at once, inside of its consumer.
    return asyncio.Task(typing.cast("Coroutine[typing.Any, typing.Any, None]", worker), loop=loop, name="heard.map")


def _sleep(seconds: float) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    timer = loop.call_later(seconds, _wake, future)
    future.add_done_callback(lambda _: timer.cancel())
    return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _close(pool: Pool) -> None:
    cancellation = None
    pending = {task for task in pool.stop() if not task.done()}
    # The closer may be one of the calls.
    pending.discard(typing.cast("asyncio.Task[None]", asyncio.current_task()))
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            cancellation = error
            pending = {task for task in pending if not task.done()}
    items = pool.items()
    if isinstance(items, types.AsyncGeneratorType):
        await items.aclose()
    elif isinstance(items, types.GeneratorType):
        items.close()
    if cancellation is not None:
        raise cancellation


async def _close_quietly(pool: Pool) -> None:
    """Closes the pool when there is something to raise already."""
    try:
        await _close(pool)
    except asyncio.CancelledError:
        # Told to stop more than once: the first goes on.
        pass
    except Exception as error:
        told.tell("outcome-unread", error, rule="unread-gather", lost=True, task="heard.map", why="it closed its input")
