"""How each of several awaitables ends: `outcomes`."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Awaitable, Collection, Iterable, Iterator

from heard.work import told
from heard.work.gate import Gate, gate_of
from heard._native import Ok
from heard.work.outcome import Origin, cancelled, failed, tell_unread

if typing.TYPE_CHECKING:
    from heard.work.outcome import Either

T = typing.TypeVar("T")
_Future = asyncio.Future[typing.Any]


async def outcomes(
    aws: Iterable[Awaitable[T]], *, limit: int | None = None, rate: float | None = None
) -> list[Either[T, Awaitable[T]]]:
    """Waits for all awaitables and gives an outcome for each, in their order.

    Each coroutine runs in a task of its own; tasks and futures are awaited. A failure ends nothing else, and is not
    reported unless nobody reads its outcome. Being cancelled cancels them, waits until they have ended, and goes on;
    what fails meanwhile is reported. `KeyboardInterrupt` and `SystemExit` are raised.

    `limit`: how many run at a time. `rate`: how many start in a second. With either, the awaitables are taken from
    `aws` one by one, when it is their turn. An exception of `aws` itself, or `TypeError` for what cannot be awaited,
    cancels those that run, and is raised.

    >>> async def half(n: int) -> int:
    ...     if n % 2:
    ...         raise ValueError(f"{n} is odd")
    ...     return n // 2
    >>> async def main() -> None:
    ...     for outcome in await heard.outcomes([half(4), half(5)], limit=10):
    ...         print(outcome.index, outcome.error or outcome.value)
    >>> asyncio.run(main())
    0 2
    1 5 is odd
    """
    loop = asyncio.get_running_loop()
    site = told.called()
    gate = gate_of(limit, rate)
    rest = iter(aws) if gate is not None else iter(list(aws))
    given: list[Awaitable[T]] = []
    futures: list[_Future] = []
    try:
        for awaitable in rest:
            given.append(awaitable)
            futures.append(await _start(awaitable, gate, loop))
        if futures:
            await asyncio.wait(set(futures))
        ends = [_end_of(future) for future in futures]
    except BaseException:
        await _give_up(given[len(futures) :], rest if gate is None or isinstance(aws, Collection) else iter(()), futures, site)
        raise
    return [
        _outcome(index, awaitable, _origin(future, awaitable, site, loop), end)
        for index, (awaitable, future, end) in enumerate(zip(given, futures, ends, strict=True))
    ]


async def _start(awaitable: Awaitable[typing.Any], gate: Gate | None, loop: asyncio.AbstractEventLoop) -> _Future:
    if asyncio.isfuture(awaitable):
        if awaitable.get_loop() is not loop:
            raise ValueError(f"{awaitable!r} belongs to another event loop")
        return awaitable
    if not inspect.isawaitable(awaitable):
        raise TypeError(f"heard.outcomes awaits coroutines, tasks and futures, and cannot await {awaitable!r}")
    if gate is not None:
        await gate.enter()
    coro = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
    task = loop.create_task(coro, name=told.name_of(awaitable))
    if gate is not None:
        task.add_done_callback(lambda _: gate.leave())
    return task


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


_End = tuple[typing.Literal["value", "failure", "cancelled"], typing.Any]


def _end_of(future: _Future) -> _End:
    try:
        error = future.exception()
    except asyncio.CancelledError as cancellation:
        return ("cancelled", cancellation)
    if error is None:
        return ("value", future.result())
    if told.is_end(error):
        raise error
    return ("failure", error)


def _outcome(index: int, given: object, origin: Origin, end: _End) -> Either[typing.Any, typing.Any]:
    kind, what = end
    if kind == "value":
        return Ok(index, given, origin, what)
    return failed(index, given, origin, what) if kind == "failure" else cancelled(index, given, origin, what)


def _origin(future: _Future, awaitable: object, site: int, loop: asyncio.AbstractEventLoop) -> Origin:
    name, coroutine = told.names(future) if isinstance(future, asyncio.Task) else (type(awaitable).__name__, None)
    return Origin("heard.outcomes", name, site, coroutine, loop)


async def _give_up(
    unstarted: list[Awaitable[T]], rest: Iterator[Awaitable[T]], futures: list[_Future], site: int
) -> None:
    """Ends what has been started. Nobody gets the outcomes, so the failures are reported."""
    for awaitable in [*unstarted, *rest]:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
    for future in futures:
        future.cancel()
    pending = {future for future in futures if not future.done()}
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError:
            # The first cancellation goes on when all have ended; each one reaches them, as it does with `gather`.
            pending = {future for future in pending if not future.done()}
            for future in pending:
                future.cancel()
    for future in dict.fromkeys(futures):
        error = None if future.cancelled() else future.exception()
        if error is not None and not told.is_end(error):
            why = "what waited for it was cancelled or has failed, so nobody gets its outcome"
            tell_unread(error, _origin(future, future, site, future.get_loop()), why)
