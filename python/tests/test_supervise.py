"""`supervise`: when a job is started again, what is told, and how it ends."""

from __future__ import annotations

import asyncio
import typing

import pytest

import heard
from conftest import LoopFactory

SOON = heard.Backoff(first=0.001, most=0.002)


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


class Job:
    """Fails as often as it is told, then returns."""

    def __init__(self, *ends: object, lasts: float = 0.0) -> None:
        self.ends = list(ends)
        self.lasts = lasts
        self.runs = 0

    async def __call__(self) -> object:
        self.runs += 1
        end = self.ends.pop(0)
        await asyncio.sleep(self.lasts)
        if isinstance(end, BaseException):
            raise end
        return end


def events(records: list[heard.Failure]) -> list[tuple[str, str]]:
    return [(failure.event, failure.exception.message) for failure in records if failure.exception]


def test_it_is_started_again_until_it_ends_well(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(LookupError("a"), OSError("b"), "done")

    async def main() -> None:
        service = heard.supervise(job, name="job", backoff=SOON)
        assert (service.state, service.restarts, service.last_failure) == ("running", 0, None)
        assert await service == "done"
        assert (service.state, service.restarts) == ("ended", 2)
        assert service.last_failure is not None and service.last_failure.exception is not None
        assert service.last_failure.exception.message == "b"

    run(main(), loop_factory)
    assert events(records) == [("service-failed", "a"), ("service-failed", "b")]
    assert {failure.task for failure in records} == {"job"}
    assert records[0].born[0].function.endswith("main")


def test_the_final_failure_is_handled_as_a_spawned_tasks(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(*(LookupError(str(n)) for n in range(9)))
    seen: list[heard.Failure] = []

    async def main() -> None:
        service = heard.supervise(job, backoff=SOON, max_restarts=2, on_failure=seen.append)
        with pytest.raises(LookupError, match="2"):
            await service
        assert (service.state, service.restarts, job.runs) == ("failed", 2, 3)

    run(main(), loop_factory)
    assert events(records) == [("service-failed", "0"), ("service-failed", "1")]
    assert events(seen) == [("spawn-failed", "2")]


def test_restarts_count_within_their_window(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(*(LookupError(str(n)) for n in range(5)), "done", lasts=0.02)

    async def main() -> None:
        service = heard.supervise(job, backoff=SOON, max_restarts=1, within=0.01)
        assert await service == "done"

    run(main(), loop_factory)
    assert job.runs == 6


@pytest.mark.parametrize(("restart", "runs"), [("never", 1), ("on-failure", 2), ("always", 5)])
def test_policies(restart: typing.Any, runs: int, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(LookupError("first"), "value", "value", LookupError("second"), LookupError("last"))

    async def main() -> None:
        service = heard.supervise(job, restart=restart, backoff=SOON, max_restarts=2)
        await asyncio.wait([asyncio.ensure_future(_read(service))])
        assert job.runs == runs

    run(main(), loop_factory)


async def _read(service: heard.Service[object]) -> None:
    try:
        await service
    except LookupError:
        pass


def test_good_runs_neither_count_nor_lengthen_the_backoff(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(*["value"] * 30, LookupError("once"), *["value"] * 30, LookupError("twice"), LookupError("last"))

    async def main() -> None:
        # Each restart after a good run is soon, and the second failure alone would wait a day.
        backoff = heard.Backoff(first=0.0001, factor=1e9, most=86400, jitter=0)
        service = heard.supervise(job, restart="always", backoff=backoff, max_restarts=1)
        with pytest.raises(LookupError, match="twice"):
            await service
        assert service.restarts == 61

    run(main(), loop_factory)
    assert events(records) == [("service-failed", "once"), ("spawn-failed", "twice")]
    assert "in 0.0001 s" in records[0].why


def test_who_gives_up_waiting_does_not_stop_it(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def job() -> str:
            await go_on.wait()
            return "done"

        service = heard.supervise(job)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(service, 0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await service
        assert service.state == "running"
        go_on.set()
        assert [*await asyncio.gather(service, service)] == ["done", "done"]

    run(main(), loop_factory)


def test_to_wait_for_what_was_stopped_is_no_cancellation(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        service = heard.supervise(lambda: asyncio.sleep(60))
        await asyncio.sleep(0)
        await service.stop()
        with pytest.raises(heard.ChildCancelled, match="was stopped"):
            await service

    run(main(), loop_factory)


@pytest.mark.filterwarnings("error")
def test_without_a_loop_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="needs a running event loop"):
        heard.supervise(Job())


def test_a_run_that_is_cancelled_by_somebody_has_failed(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    job = Job(asyncio.CancelledError(), "done")

    async def main() -> None:
        assert await heard.supervise(job, name="job", backoff=SOON) == "done"

    run(main(), loop_factory)
    assert events(records) == [("service-failed", "job was cancelled")]


def test_stop_cancels_it_and_waits(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    cleaned: list[bool] = []

    async def job() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)
            cleaned.append(True)

    async def main() -> None:
        service = heard.supervise(job, restart="always")
        await asyncio.sleep(0.001)
        await service.stop()
        assert (service.state, service.restarts, cleaned) == ("stopped", 0, [True])
        assert len(asyncio.all_tasks()) == 1

    run(main(), loop_factory)
    assert events(records) == []


def test_a_failure_while_it_is_stopped_is_told(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def job() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError("on the way out")

    async def main() -> None:
        service = heard.supervise(job)
        await asyncio.sleep(0.001)
        await service.stop()

    run(main(), loop_factory)
    assert events(records) == [("service-failed", "on the way out")]


def test_what_the_factory_raises_is_a_failure(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    def factory() -> typing.Any:
        raise LookupError("no coroutine")

    async def main() -> None:
        service = heard.supervise(factory, max_restarts=0)
        with pytest.raises(LookupError):
            await service

    run(main(), loop_factory)
    assert events(records) == [("spawn-failed", "no coroutine")]


def test_a_backoff_grows_up_to_its_most_and_varies_below() -> None:
    backoff = heard.Backoff(first=1, factor=2, most=5, jitter=0.5)
    for restarts, longest in enumerate([1, 2, 4, 5, 5]):
        delays = [backoff.delay(restarts) for _ in range(200)]
        assert longest / 2 <= min(delays) < max(delays) <= longest
    assert heard.Backoff(jitter=0).delay(10**9) == 60
    with pytest.raises(ValueError):
        heard.Backoff(first=2, most=1)
