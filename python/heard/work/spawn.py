"""Tasks that nobody has to keep or await: `spawn`, `drain` and `contained`."""

from __future__ import annotations

import asyncio
import contextvars
import typing
from collections.abc import Awaitable, Coroutine

from heard.work import background, told
from heard.work.on_failure import OnFailure, check

T = typing.TypeVar("T")



def spawn(
    coro: Coroutine[typing.Any, typing.Any, T],
    *,
    name: str | None = None,
    context: contextvars.Context | None = None,
    on_failure: OnFailure = "report",
) -> asyncio.Task[T]:
    """Starts a task that nobody has to keep, and whose failure is told when it happens.

    Unlike with `asyncio.create_task`, the task is kept until it ends, it has the name of its function, and a failure
    is reported at once with the place of this call. It may be awaited, and then raises its failure there as well.
    When main ends, it is cancelled and awaited as all tasks are; `heard.drain` waits for it instead.

    `on_failure`: "report"; "abort" to report and cancel the main task, whereupon `heard.run` raises the failure; or a
    function that is called with the `Failure` instead of a report. `KeyboardInterrupt` and `SystemExit` end the loop,
    as ever.

    Raises `RuntimeError` where no event loop runs. From another thread:
    `loop.call_soon_threadsafe(lambda: heard.spawn(work()))`.

    >>> async def send(mail: str) -> None:
    ...     if not mail:
    ...         raise ValueError("an empty mail")
    >>> async def main() -> None:
    ...     heard.spawn(send(""), on_failure=lambda failure: print(failure.task, "failed:", failure.exception.message))
    ...     await heard.drain()
    >>> asyncio.run(main())
    send failed: an empty mail
    """
    if not asyncio.iscoroutine(coro):
        raise TypeError(f"heard.spawn takes a coroutine, not {type(coro).__name__}")
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        coro.close()
        raise RuntimeError(
            "heard.spawn needs a running event loop: from another thread, call it with loop.call_soon_threadsafe"
        ) from None
    try:
        check(on_failure)
    except ValueError:
        coro.close()
        raise
    return background.begin(coro, name, context, on_failure, loop, told.called())


async def drain(timeout: float | None = None) -> None:
    """Waits until all tasks that were spawned in this event loop have ended, those spawned meanwhile included.

    How they end does not matter here: their failures have been told. Services are not waited for: await or stop them.
    A spawned task may drain too, as may what it starts; it does not wait for itself, nor for the spawned tasks that it
    comes from, nor for others that drain. Being cancelled ends the waiting and nothing else.

    `timeout`: seconds, after which `TimeoutError` is raised with the names of those that run; they run on.

    >>> async def main() -> None:
    ...     done = []
    ...     for n in range(3):
    ...         heard.spawn(asyncio.sleep(0, n)).add_done_callback(lambda task: done.append(task.result()))
    ...     await heard.drain(timeout=5)
    ...     print(done)
    >>> asyncio.run(main())
    [0, 1, 2]
    """
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    with background.draining(loop) as awaited:
        while pending := awaited():
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                shown = sorted(task.get_name() for task in pending)[:5]
                raise TimeoutError(f"after {timeout} s, {len(pending)} spawned tasks still run: {', '.join(shown)}")
            await asyncio.wait(pending, timeout=left)


def contained(work: Awaitable[T]) -> Coroutine[typing.Any, typing.Any, T | None]:
    """A coroutine that awaits `work`, reports its failure, and then returns `None`.

    It is for a place where a failure would end what runs beside it, such as a stock `TaskGroup`. Cancellation,
    `KeyboardInterrupt`, `SystemExit` and every other exception that is not an `Exception` pass through.

    >>> async def poll(source: str) -> int:
    ...     return {"a": 1}[source]
    >>> async def main() -> None:
    ...     async with asyncio.TaskGroup() as group:
    ...         tasks = [group.create_task(heard.contained(poll(source))) for source in "ab"]
    ...     print([task.result() for task in tasks])
    >>> asyncio.run(main())   # and the KeyError is reported
    [1, None]
    """
    coroutine = _contained(work, told.called())
    told.rename(coroutine, told.name_of(work))
    return coroutine


async def _contained(work: Awaitable[T], site: int) -> T | None:
    try:
        return await work
    except Exception as error:
        task = asyncio.current_task()
        rest = told.untold(error)
        if rest is not None:
            told.tell(
                "contained-failed",
                rest,
                site=site,
                task=task.get_name() if task is not None else None,
                coroutine=told.name_of(work),
            )
        return None
