"""Tasks that nobody has to keep or await: `spawn`, `drain` and `contained`."""

from __future__ import annotations

import asyncio
import contextvars
import typing
from collections.abc import Awaitable, Callable, Coroutine

from heard.work import told
from heard.work.abort import abort
from heard.record import Failure

T = typing.TypeVar("T")

OnFailure = typing.Literal["report", "abort"] | Callable[[Failure], object]
_Tasks = set[asyncio.Task[typing.Any]]


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
    if not (on_failure in ("report", "abort") or callable(on_failure)):
        coro.close()
        raise ValueError(f'on_failure is "report", "abort" or a function, not {on_failure!r}')
    # Python 3.13.0 needs a name: it gives all tasks of a task factory the name 'None'.
    task = loop.create_task(coro, name=name or told.name_of(coro), context=context)
    kept = _kept(loop)
    kept.add(task)
    task.add_done_callback(_End(kept, on_failure, told.called()))
    return task


async def drain(timeout: float | None = None) -> None:
    """Waits until all tasks that were spawned in this event loop have ended, those spawned meanwhile included.

    How they end does not matter here: their failures have been told. A spawned task may drain too; it does not wait
    for itself, nor for others that drain. Being cancelled ends the waiting and nothing else.

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
    kept, draining = _kept(loop), _draining(loop)
    current = asyncio.current_task()
    assert current is not None
    draining.add(current)
    try:
        while pending := kept - draining:
            left = None if deadline is None else deadline - loop.time()
            if left is not None and left <= 0:
                shown = sorted(task.get_name() for task in pending)[:5]
                raise TimeoutError(f"after {timeout} s, {len(pending)} spawned tasks still run: {', '.join(shown)}")
            await asyncio.wait(pending, timeout=left)
    finally:
        draining.discard(current)


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
        told.tell(
            "contained-failed",
            error,
            site=site,
            task=task.get_name() if task is not None else None,
            coroutine=told.name_of(work),
        )
        return None


class _End:
    """What follows when a spawned task ends."""

    __slots__ = ("kept", "on_failure", "site")

    def __init__(self, kept: _Tasks, on_failure: OnFailure, site: int) -> None:
        self.kept = kept
        self.on_failure = on_failure
        self.site = site

    def __call__(self, task: asyncio.Task[typing.Any]) -> None:
        self.kept.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None or isinstance(error, told.ENDS):
            return
        name, coroutine = told.names(task)
        loop = task.get_loop()
        if callable(self.on_failure):
            failure = told.record("spawn-failed", error, site=self.site, task=name, coroutine=coroutine, loop=loop)
            try:
                self.on_failure(failure)
            except BaseException as another:
                # The failure must not get lost behind one of the function's; that one is the loop's to tell.
                another.add_note(f"while it handled the failure of the spawned task {name!r}")
                told.tell("spawn-failed", error, site=self.site, task=name, coroutine=coroutine, loop=loop)
                raise
            return
        told.tell("spawn-failed", error, site=self.site, task=name, coroutine=coroutine, loop=loop)
        if self.on_failure == "abort":
            abort(loop, error)


def _kept(loop: asyncio.AbstractEventLoop) -> _Tasks:
    return _set_of(loop, "_heard_spawned")


def _draining(loop: asyncio.AbstractEventLoop) -> _Tasks:
    return _set_of(loop, "_heard_draining")


def _set_of(loop: asyncio.AbstractEventLoop, name: str) -> _Tasks:
    """A set that lives as long as the loop, and not longer: tasks know their loop, so no table could tell."""
    found: _Tasks | None = getattr(loop, name, None)
    if found is None:
        found = set()
        setattr(loop, name, found)
    return found
