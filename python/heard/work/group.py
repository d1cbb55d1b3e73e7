"""Tasks that live within a block: `Group`."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import types
import typing
from collections.abc import Coroutine

from heard.work import told
from heard.work.gate import Gate, gate_of

T = typing.TypeVar("T")


class Group:
    """Tasks that all end before its `async with` block does, and whose failures are all heard.

    `on_failure="collect"`: the failure of a task is reported when it happens, the body and the other tasks go on, and
    at the end of the block all failures are raised as one `ExceptionGroup`. `on_failure="cancel"`: the first failure
    cancels the body and the other tasks, as in `asyncio.TaskGroup`. In both, an exception of the body cancels the
    tasks, and a cancellation of the task that runs the block cancels them, waits for them, and goes on; failures on
    the way out are raised in its place and it is delivered at the next `await`. `KeyboardInterrupt` and `SystemExit`
    cancel the rest and are raised bare.

    `limit`: how many tasks run at a time. `rate`: how many start in a second. With either, a task of `create_task`
    waits for its turn; `start` waits before it makes one. Tasks that wait for tasks of their own group can fill all
    places and then wait for ever: give those a group of their own.

    Tasks of the group may add others while it runs. Raises `RuntimeError` where it is used before its block or after
    it; a coroutine that is refused is closed.

    >>> async def deliver(n: int) -> None:
    ...     if n == 2:
    ...         raise OSError("no such address")
    ...     await asyncio.sleep(0)
    ...     print("delivered", n)
    >>> async def main() -> None:
    ...     try:
    ...         async with heard.Group(limit=10) as group:
    ...             for n in range(1, 4):
    ...                 group.create_task(deliver(n))
    ...     except* OSError as failed:
    ...         print(failed.exceptions)
    >>> asyncio.run(main())
    delivered 1
    delivered 3
    (OSError('no such address'),)
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        rate: float | None = None,
        on_failure: typing.Literal["collect", "cancel"] = "collect",
    ) -> None:
        if on_failure not in ("collect", "cancel"):
            raise ValueError(f'on_failure is "collect" or "cancel", not {on_failure!r}')
        self._gate = gate_of(limit, rate)
        self._collects = on_failure == "collect"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parent: asyncio.Task[typing.Any] | None = None
        #: Each with the place where it was made.
        self._tasks: dict[asyncio.Task[typing.Any], int] = {}
        #: How many are about to make a task, when it is their turn.
        self._starting = 0
        self._exiting = False
        self._aborting = False
        self._cancelled_parent = False
        self._errors: list[BaseException] = []
        self._end: BaseException | None = None
        self._all_done: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        state = "new" if self._loop is None else "finished" if self._is_over() else "cancelling" if self._aborting else "open"
        return f"<heard.Group {state}, {len(self._tasks)} tasks>"

    async def __aenter__(self) -> typing.Self:
        if self._loop is not None:
            raise RuntimeError(f"{self!r} has already been entered: a group is used once")
        parent = asyncio.current_task()
        if parent is None:
            raise RuntimeError("a heard.Group needs a parent task: it is entered in a coroutine that a task runs")
        self._loop = asyncio.get_running_loop()
        self._parent = parent
        return self

    def create_task(
        self,
        coro: Coroutine[typing.Any, typing.Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Makes a task of the group. It starts at once, or when `limit` and `rate` allow it."""
        loop = self._check(coro)
        name = name or told.name_of(coro)
        gate = self._gate
        if gate is None:
            return self._keep(loop.create_task(coro, name=name, context=context))
        if gate.try_enter():
            return self._keep_entered(loop.create_task(coro, name=name, context=context), gate)
        gated = _in_turn(gate, coro)
        told.rename(gated, told.name_of(coro))
        task = loop.create_task(gated, name=name, context=context)
        # If it is cancelled before its turn, the coroutine has not begun.
        task.add_done_callback(lambda _: coro.close())
        return self._keep(task)

    async def start(
        self,
        coro: Coroutine[typing.Any, typing.Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Waits until one more may run, and then makes a task of the group.

        A loop that starts tasks like this is never ahead of them by more than `limit`.

        >>> async def main() -> None:
        ...     async with heard.Group(limit=2) as group:
        ...         for n in range(100_000):
        ...             await group.start(asyncio.sleep(0))
        ...             assert len(asyncio.all_tasks()) <= 4
        >>> asyncio.run(main())
        """
        loop = self._check(coro)
        gate = self._gate
        if gate is None:
            return self._keep(loop.create_task(coro, name=name or told.name_of(coro), context=context))
        self._starting += 1
        try:
            await gate.enter()
        except BaseException:
            coro.close()
            raise
        finally:
            self._starting -= 1
            self._tell_if_done()
        try:
            self._check(coro, waited=True)
        except RuntimeError:
            gate.leave()
            raise
        return self._keep_entered(loop.create_task(coro, name=name or told.name_of(coro), context=context), gate)

    def _check(self, coro: Coroutine[typing.Any, typing.Any, typing.Any], waited: bool = False) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            refused = "has not been entered: it is used inside of its `async with` block"
        elif self._is_over() and not waited:
            refused = "is finished: its block has ended"
        elif self._aborting:
            refused = "is shutting down: its tasks are being cancelled"
        else:
            return self._loop
        coro.close()
        raise RuntimeError(f"{self!r} {refused}")

    def _is_over(self) -> bool:
        return self._exiting and not self._tasks and not self._starting

    def _keep_entered(self, task: asyncio.Task[T], gate: Gate) -> asyncio.Task[T]:
        task.add_done_callback(lambda _: gate.leave())
        return self._keep(task)

    def _keep(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        self._tasks[task] = told.called()
        # A task that has ended in an eager first step is heard in the next turn of the loop, like all others: to
        # cancel the parent in the midst of its own step would reach it after it has left.
        task.add_done_callback(self._ended)
        if sys.version_info >= (3, 14):
            asyncio.future_add_to_awaited_by(task, self._parent)
        return task

    def _ended(self, task: asyncio.Task[typing.Any]) -> None:
        site = self._tasks.pop(task)
        if sys.version_info >= (3, 14):
            asyncio.future_discard_from_awaited_by(task, self._parent)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(task, error, site)
        self._tell_if_done()

    def _failed(self, task: asyncio.Task[typing.Any], error: BaseException, site: int) -> None:
        self._errors.append(error)
        is_end = isinstance(error, told.ENDS)
        if is_end and self._end is None:
            self._end = error
        if self._collects and not is_end:
            name, coroutine = told.names(task)
            why = "it is raised at the end of its group, and what runs beside it goes on"
            told.tell(
                "child-failed", error, site=site, task=name, coroutine=coroutine, why=why, loop=self._loop
            )
        elif not self._aborting:
            self._abort()
            if not self._exiting:
                assert self._parent is not None
                self._cancelled_parent = True
                self._parent.cancel()

    def _abort(self) -> None:
        self._aborting = True
        for task in list(self._tasks):
            task.cancel()

    def _tell_if_done(self) -> None:
        if self._all_done is not None and not self._tasks and not self._starting and not self._all_done.done():
            self._all_done.set_result(None)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        assert self._parent is not None
        self._exiting = True
        if isinstance(error, told.ENDS) and self._end is None:
            self._end = error
        cancelled = error if isinstance(error, asyncio.CancelledError) else None
        if error is not None and not self._aborting:
            self._abort()
        try:
            cancelled = await self._wait(cancelled)
            if self._end is not None:
                raise self._end
            if self._cancelled_parent and self._parent.uncancel() == 0:
                # The only cancellation was our own.
                cancelled = None
            if cancelled is not None and not self._errors:
                raise cancelled
            if error is not None and not isinstance(error, asyncio.CancelledError):
                self._errors.append(error)
            if self._errors:
                _cancel_again(self._parent)
                raise BaseExceptionGroup("unhandled errors in a heard.Group", self._errors) from None
        finally:
            # Errors know the frames that they came through, and those know this group.
            self._errors = []
            self._end = self._parent = self._all_done = error = cancelled = traceback = None

    async def _wait(self, cancelled: asyncio.CancelledError | None) -> asyncio.CancelledError | None:
        """Waits for all tasks, however often the parent is cancelled. Returns the cancellation that is to go on."""
        assert self._loop is not None
        while self._tasks or self._starting:
            self._all_done = self._loop.create_future()
            try:
                await self._all_done
            except asyncio.CancelledError as again:
                if not self._aborting:
                    cancelled = again
                    self._abort()
        return cancelled


async def _in_turn(gate: Gate, coro: Coroutine[typing.Any, typing.Any, T]) -> T:
    await gate.enter()
    try:
        return await coro
    finally:
        gate.leave()


def _cancel_again(task: asyncio.Task[typing.Any]) -> None:
    """Errors go out in place of a cancellation from outside: it is delivered again, and counts once."""
    if not task.cancelling():
        return
    if sys.version_info >= (3, 13):
        task.uncancel()
        task.cancel()
        return

    def cancel() -> None:
        # Before 3.13, `uncancel` did not take back what was still to be delivered, so a timeout around the group that
        # has taken its own cancellation back in the meantime would be followed by one that nobody asked for.
        if task.cancelling() and not task.done():
            task.uncancel()
            task.cancel()

    task.get_loop().call_soon(cancel)
