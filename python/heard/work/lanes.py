"""`map` over several event loops, each in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import typing
from collections.abc import Awaitable, Callable

from heard.work import told

I = typing.TypeVar("I")  # noqa: E741
R = typing.TypeVar("R")


class Threads(typing.Generic[I, R]):
    """Event loops in threads, which start with the first item."""

    def __init__(self, fn: Callable[[I], Awaitable[R]], count: int) -> None:
        self.fn = fn
        self.count = count
        self.lanes: list[_Lane] = []

    async def call(self, item: I) -> R:
        """Calls the function in the thread that has least to do, and waits for the end there, whatever happens here."""
        home = asyncio.get_running_loop()
        if not self.lanes:
            self.lanes = [_Lane(number, home) for number in range(self.count)]
        lane = min(self.lanes, key=lambda lane: lane.busy)
        lane.busy += 1
        try:
            ended: asyncio.Future[asyncio.Task[R | _End]] = home.create_future()
            call = _Call(lane, _guarded(self.fn, item), ended)
            lane.loop.call_soon_threadsafe(call.begin)
            cancellation = None
            while not ended.done():
                try:
                    await asyncio.wait([ended])
                except asyncio.CancelledError as error:
                    cancellation = error
                    lane.loop.call_soon_threadsafe(call.cancel)
        finally:
            lane.busy -= 1
        task = ended.result()
        if cancellation is not None and task.cancelled():
            raise cancellation
        result = task.result()
        if isinstance(result, _End):
            raise result.error
        if cancellation is not None:
            # The call was done when the cancellation reached it.
            raise cancellation
        return result

    def stop(self) -> None:
        """Ends the threads, without waiting for them."""
        for lane in self.lanes:
            lane.stop()

    async def close(self) -> None:
        """Ends the threads. Their calls have ended, so it does not take long."""
        lanes, self.lanes = self.lanes, []
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            await asyncio.shield(lane.ended)


class _End:
    """`KeyboardInterrupt` or `SystemExit`, on its way to the loop that the program runs in."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _guarded(fn: Callable[[I], Awaitable[R]], item: I) -> R | _End:
    try:
        return await fn(item)
    except told.ENDS as error:
        return _End(error)


class _Call(typing.Generic[R]):
    """One call in a thread."""

    def __init__(
        self, lane: _Lane, coroutine: typing.Coroutine[typing.Any, typing.Any, R], ended: asyncio.Future[asyncio.Task[R]]
    ) -> None:
        self.lane = lane
        self.coroutine = coroutine
        self.ended = ended
        self.task: asyncio.Task[R] | None = None

    def begin(self) -> None:
        # It runs in a copy of the item's context, which `call_soon_threadsafe` has made.
        self.task = self.lane.loop.create_task(self.coroutine)
        self.task.add_done_callback(self.end)

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def end(self, task: asyncio.Task[R]) -> None:
        self.lane.home.call_soon_threadsafe(self.deliver, task)

    def deliver(self, task: asyncio.Task[R]) -> None:
        if not self.ended.done():
            self.ended.set_result(task)


class _Lane:
    """An event loop in a thread, of the same kind as the one at home."""

    def __init__(self, number: int, home: asyncio.AbstractEventLoop) -> None:
        self.home = home
        self.busy = 0
        self.ended: asyncio.Future[None] = home.create_future()
        self.loop: asyncio.AbstractEventLoop = type(home)()
        self.thread = threading.Thread(target=self._run, name=f"heard.map-{number}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                runner.get_loop().run_forever()
        finally:
            if not self.home.is_closed():
                self.home.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
