"""A function on every item of an input, so many at a time: `map`."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import types
import typing
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable

from heard.work import told
from heard.work.calls import OwnTasks
from heard.work.gate import check_bounds
from heard._native import Pool, Results, Worker
from heard.work.lanes import Threads
from heard.work.outcome import Origin, cancelled, failed

if typing.TYPE_CHECKING:
    from heard.work.outcome import Either

I = typing.TypeVar("I")  # noqa: E741
R = typing.TypeVar("R")


class Map(Results[R, I], AsyncIterator["Either[R, I]"]):
    """The outcomes of `heard.map`, as an asynchronous iterator.

    `aclose` ends it early: it cancels what runs, waits until that has ended, and closes the input. As a context
    manager it does so at the end of the block. Being cancelled while it waits for an outcome does the same, unless
    other tasks take outcomes from it as well: those go on.
    """

    __slots__ = ("_others", "_taker", "_threads")

    def __new__(cls, pool: Pool, threads: Threads[typing.Any, typing.Any] | None = None) -> typing.Self:
        return super().__new__(cls, pool)

    def __init__(self, pool: Pool, threads: Threads[typing.Any, typing.Any] | None = None) -> None:
        self._threads = threads
        #: The task that has waited last, and those that have waited before.
        self._taker: weakref.ref[asyncio.Task[typing.Any]] | None = None
        self._others: weakref.WeakSet[asyncio.Task[typing.Any]] | None = None

    async def __anext__(self) -> Either[R, I]:
        # A coroutine of Python's: from 3.12 on, it hands over its result quicker than what is written in Rust can.
        outcome = self._take()
        if outcome is not None:
            return outcome
        task = asyncio.current_task()
        if task is not None and (self._taker is None or self._taker() is not task):
            self._note_taker(task)
        try:
            return await self._wait()
        except StopAsyncIteration:
            await self._end_threads()
            raise
        except GeneratorExit:
            # Nothing can be awaited any more.
            if not self._is_left_to_others(task):
                self._stop()
            raise
        except asyncio.CancelledError:
            if not self._is_left_to_others(task):
                await self._close_quietly()
            raise
        except BaseException:
            await self._close_quietly()
            raise

    async def aclose(self) -> None:
        """Cancels what runs, waits until that has ended, and closes the input."""
        try:
            await _close(self._pool)
        except GeneratorExit:
            # Nothing can be awaited any more.
            self._stop()
            raise
        except BaseException:
            await self._end_threads()
            raise
        await self._end_threads()

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
        loop = self._pool.runs_in()
        if loop is not None and not loop.is_closed():
            if asyncio._get_running_loop() is loop:
                self._pool.stop()
            else:
                loop.call_soon_threadsafe(self._pool.stop)
        if self._threads is not None:
            self._threads.stop()

    def _note_taker(self, task: asyncio.Task[typing.Any]) -> None:
        before = self._taker() if self._taker is not None else None
        self._taker = weakref.ref(task)
        if self._others is None:
            self._others = weakref.WeakSet()
        if before is not None:
            self._others.add(before)

    def _is_left_to_others(self, task: asyncio.Task[typing.Any] | None) -> bool:
        """Whether other tasks take outcomes when this one takes no more."""
        takers = set(self._others or ())
        if self._taker is not None and (last := self._taker()) is not None:
            takers.add(last)
        self._taker = None
        self._others = weakref.WeakSet(one for one in takers if one is not task and not one.done())
        return bool(self._others)

    def _stop(self) -> None:
        self._pool.stop()
        if self._threads is not None:
            self._threads.stop()

    async def _end_threads(self) -> None:
        if self._threads is not None:
            await self._threads.close()

    async def _close_quietly(self) -> None:
        """Closes it when there is something to raise already."""
        try:
            await self.aclose()
        except asyncio.CancelledError:
            # Told to stop more than once: the first goes on.
            pass
        except Exception as error:
            _tell_of_input(error)


def map(  # noqa: A001
    fn: Callable[[I], Awaitable[R]],
    items: Iterable[I] | AsyncIterable[I],
    *,
    limit: int,
    rate: float | None = None,
    ordered: bool = False,
    threads: int | None = None,
    own_tasks: bool = False,
) -> Map[R, I]:
    """Calls `fn` on every item and gives the outcomes, in constant memory, however many items there are.

    At most `limit` calls run at a time, `rate` start in a second, and items are taken from `items` only when they are
    about to start; at most as many outcomes as `limit` wait to be looked at. Outcomes come as the calls end, or with
    `ordered=True` in the order of the items. Every call has a copy of the context variables of the caller of `map`,
    but not a task of its own: calls take turns in up to `limit` tasks, so that a call that names its task, or adds a
    done callback to it, does so for calls after it as well. `own_tasks=True` makes a task for each call, with the name
    of the function, at the price of a task.

    A failure of a call is in its outcome, and is reported if nobody reads that. An exception of `items` is raised
    where the outcomes are awaited, after those of the items before it. Being cancelled there, or `aclose`, cancels the
    calls, waits for them, and closes the input, if that is a generator or an asynchronous iterator with an `aclose`;
    failures on the way are reported. To leave an `async for` early, use `async with heard.map(...) as outcomes`.
    Several tasks may take outcomes from one map, each of which goes to one of them; a cancellation ends one alone,
    and the last closes the map.

    `threads`: spreads the items over so many event loops in threads of their own, in a task for each. `fn` must be fit
    for that. Where such a loop ends under its calls, they have failed, and another takes its place.

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
        spread.call if spread is not None else OwnTasks(fn, name).call if own_tasks else fn,
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
    return Map(pool, spread)


def _start(worker: Worker, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    # Not `create_task`: a task factory of the program's might run the worker at once, inside of its consumer.
    task = asyncio.Task(typing.cast("Coroutine[typing.Any, typing.Any, None]", worker), loop=loop, name="heard.map")
    task.add_done_callback(_look_at)
    return task


def _look_at(worker: asyncio.Task[None]) -> None:
    """A worker ends with nothing but what ends the loop as well: asyncio need not say that nobody has read that."""
    if not worker.cancelled():
        worker.exception()


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
    failure = pool.take_error()
    if isinstance(failure, Exception):
        _tell_of_input(failure)
    items = pool.items()
    aclose = getattr(items, "aclose", None) if isinstance(items, AsyncIterator) else None
    if aclose is not None:
        closing = aclose()
        if inspect.isawaitable(closing):
            await closing
    elif isinstance(items, Generator):
        items.close()
    if cancellation is not None:
        raise cancellation


def _tell_of_input(error: Exception) -> None:
    told.tell("outcome-unread", error, rule="unread-gather", lost=True, task="heard.map", why="it closed its input")
