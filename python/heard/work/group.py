"""Tasks that live within a block: `Group`."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import types
import typing
from collections.abc import Callable, Coroutine

from heard.work import told
from heard.work.gate import Gate, gate_of
from heard.work.on_failure import OnFailure, check, handle
from heard.work.outcome import ChildCancelled
from heard.work.ready import Awaited

T = typing.TypeVar("T")


class Group:
    """Tasks that all end before its `async with` block does, and whose failures are all heard.

    `on_failure` says what a failure of a task does:

    - "collect": it is reported when it happens, the body and the other tasks go on, and at the end of the block all
      failures are raised as one `ExceptionGroup`. They are kept until then: a group that runs for ever reports.
    - "report", "abort" or a function: as with `spawn`, and then it is forgotten. The block raises none of them.
    - "cancel": it cancels the body and the other tasks, as in `asyncio.TaskGroup`, and is raised in an
      `ExceptionGroup`.

    In all, an exception of the body cancels the tasks, and is raised with the failures that are. A cancellation of the
    task that runs the block cancels them, waits for them, and goes on; failures on the way out are raised in its place
    and it is delivered at the next `await`. `KeyboardInterrupt` and `SystemExit` cancel the rest and are raised bare.

    `limit`: how many tasks run at a time. `rate`: how many start in a second. With either, a task of `create_task`
    waits for its turn; `submit` and `start` wait before they make one. Tasks that wait for tasks of their own group can
    fill all places and then wait for ever: give those a group of their own.

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
        on_failure: OnFailure | typing.Literal["collect", "cancel"] = "collect",
    ) -> None:
        check(on_failure, also=("collect", "cancel"))
        self._gate = gate_of(limit, rate)
        self._on_failure: OnFailure | typing.Literal["collect", "cancel"] = on_failure
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parent: asyncio.Task[typing.Any] | None = None
        #: Each with the place where it was made.
        self._tasks: dict[asyncio.Task[typing.Any], int] = {}
        #: How many are about to make a task, when it is their turn or it is ready.
        self._starting = 0
        #: Tasks that are not ready.
        self._unready: set[asyncio.Task[typing.Any]] = set()
        self._exiting = False
        self._aborting = False
        #: Whether the body has been cancelled by the group itself.
        self._cancelled_parent = False
        self._was_cancelled = False
        #: How often the parent had been cancelled when it came in.
        self._cancelling_before = 0
        self._errors: list[BaseException] = []
        self._end: BaseException | None = None
        self._all_done: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        state = "new" if self._loop is None else "finished" if self._is_over() else "cancelling" if self._aborting else "open"
        return f"<heard.Group {state} tasks={len(self._tasks)}>"

    async def __aenter__(self) -> typing.Self:
        if self._loop is not None:
            raise RuntimeError(f"{self!r} has already been entered: a group is used once")
        parent = asyncio.current_task()
        if parent is None:
            raise RuntimeError("a heard.Group needs a parent task: it is entered in a coroutine that a task runs")
        self._loop = asyncio.get_running_loop()
        self._parent = parent
        self._cancelling_before = parent.cancelling()
        if self._was_cancelled:
            self._abort()
            self._cancel_body()
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
            return self._keep(_leaving(loop.create_task(coro, name=name, context=context), gate))
        gated = _in_turn(gate, coro)
        told.rename(gated, told.name_of(coro))
        task = loop.create_task(gated, name=name, context=context)
        # If it is cancelled before its turn, the coroutine has not begun.
        task.add_done_callback(lambda _: coro.close())
        return self._keep(task)

    async def submit(
        self,
        coro: Coroutine[typing.Any, typing.Any, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        """Waits until one more may run, and then makes a task of the group.

        A loop that makes tasks like this is never ahead of them by more than `limit`.

        >>> async def main() -> None:
        ...     async with heard.Group(limit=2) as group:
        ...         for n in range(100_000):
        ...             await group.submit(asyncio.sleep(0))
        ...             assert len(asyncio.all_tasks()) <= 4
        >>> asyncio.run(main())
        """
        loop = self._check(coro)
        try:
            gate = await self._enter()
        except BaseException:
            coro.close()
            raise
        return self._keep(_leaving(loop.create_task(coro, name=name or told.name_of(coro), context=context), gate))

    async def start(
        self, fn: Callable[..., Coroutine[typing.Any, typing.Any, object]], *args: typing.Any, name: str | None = None
    ) -> typing.Any:
        """Calls `fn` in a task of the group, waits until it is ready, and returns what it says then.

        `fn` gets `args` and a keyword `task_status`, whose `started(value)` it calls when it is ready, as in trio and
        anyio; it then runs on as any task of the group. Before that, its failure is raised here and is not one of the
        group's, and `RuntimeError` if it returns without having been ready. Being cancelled cancels it and waits for
        its end; what fails on the way is reported.

        >>> async def serve(name: str, *, task_status: heard.TaskStatus[int] = heard.TASK_STATUS_IGNORED) -> None:
        ...     await asyncio.sleep(0)  # it binds its socket
        ...     task_status.started(8080)
        ...     await asyncio.sleep(60)
        >>> async def main() -> None:
        ...     async with heard.Group() as group:
        ...         print("listens on", await group.start(serve, "web"))
        ...         group.cancel()
        >>> asyncio.run(main())
        listens on 8080
        """
        loop = self._check()
        gate = await self._enter()
        status = Awaited(loop)
        self._starting += 1
        try:
            try:
                coro = fn(*args, task_status=status)
                task = loop.create_task(coro, name=name or told.name_of(coro))
            except BaseException:
                if gate is not None:
                    gate.leave()
                raise
            self._unready.add(_leaving(task, gate))
            try:
                await asyncio.wait({task, status.ready}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                if not status.ready.done():
                    status.ready.cancel()
                    await self._end_unready(task)
                raise
            finally:
                self._unready.discard(task)
                if status.ready.done() and not status.ready.cancelled():
                    self._keep(task)
            if status.ready.done():
                return status.ready.result()
            if task.cancelled():
                raise ChildCancelled(f"{task.get_name()} was cancelled before it was ready")
            task.result()
            raise RuntimeError(f"{task.get_name()} has returned and was not ready: it never called task_status.started")
        finally:
            self._starting -= 1
            self._tell_if_done()

    def cancel(self) -> None:
        """Cancels the body and the tasks, and takes no more. The block ends without an exception, unless there are
        failures to raise.

        Before the block, it cancels that when it is entered; after it, and the second time, it does nothing.
        """
        self._was_cancelled = True
        if self._loop is None or self._is_over():
            return
        if not self._aborting:
            self._abort()
        self._cancel_body()

    async def _enter(self) -> Gate | None:
        """Waits for a place."""
        gate = self._gate
        if gate is None:
            return None
        self._starting += 1
        try:
            await gate.enter()
        finally:
            self._starting -= 1
            self._tell_if_done()
        try:
            self._check(waited=True)
        except RuntimeError:
            gate.leave()
            raise
        return gate

    async def _end_unready(self, task: asyncio.Task[typing.Any]) -> None:
        """Cancels a task that nobody waits for any more, and tells if it fails."""
        task.cancel()
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
        error = None if task.cancelled() else task.exception()
        if error is not None and not told.is_end(error):
            self._tell(task, error, told.called(), "what waited until it is ready was cancelled")

    def _check(
        self, coro: Coroutine[typing.Any, typing.Any, typing.Any] | None = None, waited: bool = False
    ) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            refused = "has not been entered: it is used inside of its `async with` block"
        elif self._is_over() and not waited:
            refused = "is finished: its block has ended"
        elif self._aborting:
            refused = "is shutting down: its tasks are being cancelled"
        else:
            return self._loop
        if coro is not None:
            coro.close()
        raise RuntimeError(f"{self!r} {refused}")

    def _is_over(self) -> bool:
        return self._exiting and not self._tasks and not self._starting

    def _keep(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        self._tasks[task] = told.called()
        # A task that has ended in an eager first step is heard in the next turn of the loop, like all others: to
        # cancel the parent in the midst of its own step would reach it after it has left.
        task.add_done_callback(self._ended)
        if sys.version_info >= (3, 14) and self._parent is not None:
            asyncio.future_add_to_awaited_by(task, self._parent)
        return task

    def _ended(self, task: asyncio.Task[typing.Any]) -> None:
        site = self._tasks.pop(task)
        if sys.version_info >= (3, 14) and self._parent is not None:
            asyncio.future_discard_from_awaited_by(task, self._parent)
        error = None if task.cancelled() else task.exception()
        try:
            if error is not None:
                self._failed(task, error, site)
        finally:
            self._tell_if_done()

    def _failed(self, task: asyncio.Task[typing.Any], error: BaseException, site: int) -> None:
        if told.is_end(error):
            if self._end is None:
                self._end = error
            self._stop()
        elif self._on_failure == "cancel":
            self._errors.append(error)
            self._stop()
        elif self._on_failure == "collect":
            self._errors.append(error)
            self._tell(task, error, site, "it is raised at the end of its group, and what runs beside it goes on")
        else:
            handle(self._on_failure, "child-failed", "task", task, error, site)

    def _tell(self, task: asyncio.Task[typing.Any], error: BaseException, site: int, why: str) -> None:
        rest = told.untold(error)
        if rest is not None:
            name, coroutine = told.names(task)
            told.tell("child-failed", rest, site=site, task=name, coroutine=coroutine, why=why, loop=self._loop)

    def _stop(self) -> None:
        if not self._aborting:
            self._abort()
            self._cancel_body()

    def _cancel_body(self) -> None:
        if not self._exiting and not self._cancelled_parent:
            assert self._parent is not None
            self._cancelled_parent = True
            self._parent.cancel()

    def _abort(self) -> None:
        self._aborting = True
        for task in [*self._tasks, *self._unready]:
            task.cancel()

    def _tell_if_done(self) -> None:
        if self._all_done is not None and not self._tasks and not self._starting and not self._all_done.done():
            self._all_done.set_result(None)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> bool | None:
        assert self._parent is not None
        self._exiting = True
        if told.is_end(error) and self._end is None:
            self._end = error
        cancelled = error if _is_cancellation(error) else None
        if error is not None and not self._aborting:
            self._abort()
        try:
            cancelled = await self._wait(cancelled)
            if self._end is not None:
                raise self._end
            if self._cancelled_parent:
                cancelled = await _deliver(self._parent) or cancelled
                if self._parent.uncancel() <= self._cancelling_before:
                    # The only cancellation was our own.
                    cancelled = None
            is_failure = error is not None and not _is_cancellation(error)
            is_bare = is_failure and (self._on_failure not in ("collect", "cancel") or issubclass(type(error), GeneratorExit))
            if error is not None and is_failure and not is_bare:
                self._errors.append(error)
            if cancelled is not None and not self._errors and not is_failure:
                raise cancelled
            if self._errors or is_failure:
                self._cancel_again(cancelled)
            if is_bare:
                # With the end of a generator, this must be seen as that, and nobody gets what would be raised.
                self._tell_of_errors()
                return None
            if self._errors:
                raise BaseExceptionGroup("unhandled errors in a heard.Group", self._errors) from None
            # What is left is the cancellation that `cancel` has sent.
            return error is not None
        finally:
            # Errors know the frames that they came through, and those know this group.
            self._errors = []
            self._end = self._parent = self._all_done = error = cancelled = traceback = None

    def _tell_of_errors(self) -> None:
        """Reports what would have been raised, unless it has been when it happened."""
        if self._on_failure == "cancel":
            for error in self._errors:
                rest = told.untold(error)
                if rest is not None:
                    told.tell("child-failed", rest, why="the generator that its group is in was closed", loop=self._loop)

    async def _wait(self, cancelled: asyncio.CancelledError | None) -> asyncio.CancelledError | None:
        """Waits for all tasks, however often the parent is cancelled. Returns the cancellation that is to go on."""
        assert self._loop is not None
        while self._tasks or self._starting:
            self._all_done = self._loop.create_future()
            try:
                await self._all_done
            except asyncio.CancelledError as again:
                # The last one says who wants it: anyio's scopes know theirs by the message.
                cancelled = again
                if not self._aborting:
                    self._abort()
        return cancelled

    def _cancel_again(self, cancelled: asyncio.CancelledError | None) -> None:
        """Something goes out in place of a cancellation from outside: it is delivered again, and counts once."""
        task, before = self._parent, self._cancelling_before
        assert task is not None
        if task.cancelling() <= before:
            return
        message = cancelled.args[0] if cancelled is not None and cancelled.args else None

        def cancel() -> None:
            if task.cancelling() > before and not task.done():
                task.uncancel()
                task.cancel(message)

        if sys.version_info >= (3, 13):
            cancel()
        else:
            # `uncancel` did not take back what was still to be delivered, so a timeout around the group that has taken
            # its own cancellation back in the meantime would be followed by one that nobody asked for.
            task.get_loop().call_soon(cancel)


async def _in_turn(gate: Gate, coro: Coroutine[typing.Any, typing.Any, T]) -> T:
    await gate.enter()
    try:
        return await coro
    finally:
        gate.leave()


def _leaving(task: asyncio.Task[T], gate: Gate | None) -> asyncio.Task[T]:
    if gate is not None:
        task.add_done_callback(lambda _: gate.leave())
    return task


async def _deliver(task: asyncio.Task[typing.Any]) -> asyncio.CancelledError | None:
    """Takes the cancellation that the body has not waited for, which it would meet after the group."""
    # From 3.13 on, `uncancel` does that if the count comes down to 0.
    if getattr(task, "_must_cancel", False):
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as cancelled:
            return cancelled
    return None


def _is_cancellation(error: BaseException | None) -> typing.TypeGuard[asyncio.CancelledError]:
    """By its class, whatever the exception says of that."""
    return issubclass(type(error), asyncio.CancelledError)
