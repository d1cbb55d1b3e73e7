"""`map` over several event loops, each in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import typing
from collections.abc import Awaitable, Callable, Coroutine

from heard.work import told
from heard.work.calls import End, guarded

I = typing.TypeVar("I")  # noqa: E741
R = typing.TypeVar("R")

#: So often a loop is run again for the tasks that are left in it.
_MOST_STOPS = 100


class Threads(typing.Generic[I, R]):
    """Event loops in threads, which start with the first item. One whose loop has ended is replaced."""

    def __init__(self, fn: Callable[[I], Awaitable[R]], count: int) -> None:
        self.fn = fn
        self.count = count
        self.lanes: list[_Lane] = []
        self.ending = _Ending()

    async def call(self, item: I) -> R:
        """Calls the function in the thread that has least to do, and waits for the end there, whatever happens here."""
        if self.ending.error is not None:
            # It was raised, and the program is about to end.
            raise asyncio.CancelledError
        lane = self._least_busy()
        call = _Call(lane, guarded(self.fn, item))
        lane.calls.add(call)
        try:
            lane.post(call.begin)
            cancellation = None
            while not call.ended.done():
                try:
                    await asyncio.wait([call.ended])
                except asyncio.CancelledError as error:
                    cancellation = error
                    lane.post(call.cancel)
        finally:
            lane.calls.discard(call)
        task = call.ended.result()
        if task is None:
            if cancellation is not None or told.is_end(lane.error):
                raise cancellation or asyncio.CancelledError
            raise RuntimeError(f"the event loop of the thread {lane.thread.name} has ended under this call") from lane.error
        if cancellation is not None and task.cancelled():
            raise cancellation
        result = task.result()
        if isinstance(result, End):
            raise result.error
        if cancellation is not None:
            # The call was done when the cancellation reached it.
            raise cancellation
        return result

    def _least_busy(self) -> _Lane:
        home = asyncio.get_running_loop()
        if not self.lanes:
            self.lanes = [_Lane(number, home, self.ending) for number in range(self.count)]
        number = min(range(self.count), key=lambda number: len(self.lanes[number].calls))
        if self.lanes[number].is_ending:
            self.lanes[number] = _Lane(number, home, self.ending)
        return self.lanes[number]

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


class _Ending:
    """What one of the threads has raised to end the program: the others have no say in that any more."""

    def __init__(self) -> None:
        self.error: BaseException | None = None


class _Call(typing.Generic[R]):
    """One call in a thread."""

    def __init__(self, lane: _Lane, coroutine: Coroutine[typing.Any, typing.Any, R]) -> None:
        self.lane = lane
        self.coroutine = coroutine
        #: The task there when it is done, or `None` if its loop has ended before it.
        self.ended: asyncio.Future[asyncio.Task[R] | None] = lane.home.create_future()
        self.task: asyncio.Task[R] | None = None

    def begin(self) -> None:
        if self.lane.is_ending:
            return
        # It runs in a copy of the item's context, which `call_soon_threadsafe` has made.
        self.task = self.lane.loop.create_task(self.coroutine)
        self.task.add_done_callback(self.end)

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def end(self, task: asyncio.Task[R]) -> None:
        # A loop that ends cancels its tasks, which is no cancellation of the call.
        is_cut_off = self.lane.is_ending and task.cancelled()
        if not is_cut_off:
            _post(self.lane.home, self.deliver, task)

    def deliver(self, task: asyncio.Task[R] | None) -> None:
        if not self.ended.done():
            self.ended.set_result(task)


class _Lane:
    """An event loop in a thread, of the same kind as the one at home."""

    def __init__(self, number: int, home: asyncio.AbstractEventLoop, ending: _Ending) -> None:
        self.home = home
        self.ending = ending
        self.calls: set[_Call[typing.Any]] = set()
        self.ended: asyncio.Future[None] = home.create_future()
        #: Nothing new begins here: it was told to stop, or its loop has ended by itself.
        self.is_ending = False
        #: What has ended the loop.
        self.error: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop = type(home)()
        self.thread = threading.Thread(target=self._run, name=f"heard.map-{number}", daemon=True)
        self.thread.start()

    def post(self, callback: Callable[[], object]) -> None:
        """Has something called in the loop of the thread, if that still runs."""
        _post(self.loop, callback)

    def stop(self) -> None:
        self.post(self.loop.stop)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                try:
                    runner.get_loop().run_forever()
                finally:
                    self.is_ending = True
                    _end_tasks(self.loop)
        except BaseException as error:
            self.error = error
        finally:
            _post(self.home, self._end)

    def _end(self) -> None:
        self.is_ending = True
        for call in list(self.calls):
            if call.task is None:
                call.coroutine.close()
            call.deliver(None)
        if not self.ended.done():
            self.ended.set_result(None)
        if told.is_end(self.error) and self.ending.error is None:
            # A callback there has raised it: as here, it ends the loop that the program runs in.
            self.ending.error = self.error
            raise self.error


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels the tasks of a loop, as its runner would, and does so again where one of them stops it."""
    for _ in range(_MOST_STOPS):
        left = asyncio.all_tasks(loop)
        if not left:
            return
        for task in left:
            task.cancel()
        try:
            loop.run_until_complete(asyncio.wait(left))
        except (*told.ENDS, RuntimeError):
            pass


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise
