"""Jobs that are started again when they fail: `supervise`."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import random
import typing
from collections.abc import Callable, Coroutine, Generator

from heard.record import Failure
from heard.work import background, told
from heard.work.on_failure import OnFailure, check
from heard.work.outcome import ChildCancelled

T = typing.TypeVar("T")
State = typing.Literal["running", "waiting", "ended", "failed", "stopped"]


@dataclasses.dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a job is started again: `first` seconds, then `factor` times as long each time.

    It is never more than `most` seconds. `jitter` is the part of it, from 0 to 1, that is left to chance, so that many
    jobs that fail at once do not come back at once.

    >>> [heard.Backoff(first=0.5, factor=3, most=10, jitter=0).delay(n) for n in range(4)]
    [0.5, 1.5, 4.5, 10.0]
    """

    first: float = 0.1
    factor: float = 2.0
    most: float = 60.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.first <= self.most and self.factor >= 1 and 0 <= self.jitter <= 1):
            raise ValueError(f"a backoff has 0 <= first <= most, factor >= 1 and 0 <= jitter <= 1: not {self}")

    def delay(self, restarts: int) -> float:
        """Seconds to wait after so many restarts."""
        delay = self.first
        for _ in range(restarts):
            if delay >= self.most:
                break
            delay *= self.factor
        return float(min(delay, self.most)) * (1 - self.jitter * random.random())


class Service(typing.Generic[T]):
    """A job that `supervise` looks after. To await it gives what the job returns, or raises its final failure.

    Being cancelled while it is awaited, as by a timeout, ends the waiting and not the service: that is what `stop` is
    for. Where it was stopped, `ChildCancelled` is raised.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        #: "running", "waiting" for its restart, or at its end: "ended" by itself, "failed" for good, "stopped".
        self.state: State = "running"
        #: How often it has been started again.
        self.restarts = 0
        #: The record of its last failure.
        self.last_failure: Failure | None = None
        self._task: asyncio.Task[T]

    def __repr__(self) -> str:
        return f"<heard.Service {self.name} {self.state}, {self.restarts} restarts>"

    def __await__(self) -> Generator[typing.Any, None, T]:
        return self._end().__await__()

    async def _end(self) -> T:
        if not self._task.done():
            await asyncio.wait([self._task])
        if self._task.cancelled():
            raise ChildCancelled(f"the service {self.name} was stopped")
        return self._task.result()

    async def stop(self) -> None:
        """Cancels the job, waits until it has ended, and does not start it again."""
        self._task.cancel()
        await asyncio.wait([self._task])


def supervise(
    factory: Callable[[], Coroutine[typing.Any, typing.Any, T]],
    *,
    name: str | None = None,
    restart: typing.Literal["on-failure", "always", "never"] = "on-failure",
    backoff: Backoff = Backoff(),  # noqa: B008
    max_restarts: int | None = None,
    within: float = 60.0,
    on_failure: OnFailure = "report",
) -> Service[T]:
    """Runs a background job, and starts it again when it fails. It is kept, as with `spawn`, and ends with main;
    `drain` does not wait for it.

    `factory` makes the coroutine of each run. `restart`: "on-failure", "always" (when it returns, too), or "never".
    A run that is cancelled by anybody but `stop` and the end of main has failed. Each failure is reported when it
    happens; what `factory` itself raises is one.

    `backoff`: how long to wait; it counts the failures of the last `within` seconds, so a job that has run well for a
    while begins anew. A run that returns is none. `max_restarts`: how many restarts after a failure there may be in
    `within` seconds; one more failure is the final one. `None` is no bound. The final failure is handled as by `spawn`,
    by `on_failure`.

    >>> tries = []
    >>> async def connect() -> str:
    ...     tries.append(1)
    ...     if len(tries) < 3:
    ...         raise ConnectionError("refused")
    ...     return "connected"
    >>> async def main() -> None:
    ...     service = heard.supervise(connect, backoff=heard.Backoff(first=0.001))
    ...     print(await service, service.restarts, service.last_failure.exception.message)
    >>> asyncio.run(main())   # and both failures are reported
    connected 2 refused
    """
    if restart not in ("on-failure", "always", "never"):
        raise ValueError(f'restart is "on-failure", "always" or "never", not {restart!r}')
    if max_restarts is not None and max_restarts < 0:
        raise ValueError(f"max_restarts is how many there may be, at least 0: not {max_restarts!r}")
    check(on_failure)
    name = name or told.name_of(factory) or type(factory).__qualname__
    service: Service[T] = Service(name)
    keeper = _Keeper(service, factory, restart, backoff, max_restarts, within, told.called())
    running = keeper.run()
    told.rename(running, name)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        running.close()
        raise RuntimeError("heard.supervise needs a running event loop") from None
    service._task = background.begin(running, name, None, on_failure, loop, keeper.site, service=service)
    return service


class _Keeper(typing.Generic[T]):
    def __init__(
        self,
        service: Service[T],
        factory: Callable[[], Coroutine[typing.Any, typing.Any, T]],
        restart: str,
        backoff: Backoff,
        max_restarts: int | None,
        within: float,
        site: int,
    ) -> None:
        self.service = service
        self.factory = factory
        self.restart = restart
        self.backoff = backoff
        self.max_restarts = max_restarts
        self.within = within
        self.site = site
        #: When it was started again after a failure, the last `within` seconds.
        self.times: collections.deque[float] = collections.deque()

    async def run(self) -> T:
        service = self.service
        try:
            while True:
                service.state = "running"
                failed = True
                try:
                    value = await self.run_once()
                except Exception as error:
                    delay = self.delay_after(error)
                    if delay is None:
                        service.state = "failed"
                        raise
                else:
                    failed = False
                    if self.restart != "always":
                        service.state = "ended"
                        return value
                    delay = self.backoff.delay(0)
                service.state = "waiting"
                await asyncio.sleep(delay)
                service.restarts += 1
                if failed:
                    self.times.append(asyncio.get_running_loop().time())
        except asyncio.CancelledError:
            service.state = "stopped"
            raise

    async def run_once(self) -> T:
        """One run, in a task of its own, so that its cancellation is not taken for that of the service."""
        task = asyncio.get_running_loop().create_task(self.factory(), name=self.service.name)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await self.end(task)
            raise
        if task.cancelled():
            raise ChildCancelled(f"{self.service.name} was cancelled")
        return task.result()

    async def end(self, task: asyncio.Task[T]) -> None:
        """Cancels a run, waits until it has ended, however often that is not wanted, and tells if it fails."""
        task.cancel()
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                task.cancel()
        error = None if task.cancelled() else task.exception()
        if error is not None and not told.is_end(error):
            self.tell(error, "it failed when it was stopped")

    def delay_after(self, error: Exception) -> float | None:
        """How long to wait until the next run, or `None` if there is none: then the failure is the final one."""
        loop = asyncio.get_running_loop()
        self.service.last_failure = told.record(
            "service-failed", error, site=self.site, task=self.service.name, coroutine=told.name_of(self.factory), loop=loop
        )
        while self.times and self.times[0] <= loop.time() - self.within:
            self.times.popleft()
        if self.restart == "never" or self.max_restarts is not None and len(self.times) >= self.max_restarts:
            return None
        delay = self.backoff.delay(len(self.times))
        self.tell(error, f"it is started again in {delay:.3g} s, after {self.service.restarts} restarts")
        return delay

    def tell(self, error: BaseException, why: str) -> None:
        loop = asyncio.get_running_loop()
        name = self.service.name
        told.tell("service-failed", error, site=self.site, task=name, coroutine=told.name_of(self.factory), why=why, loop=loop)
