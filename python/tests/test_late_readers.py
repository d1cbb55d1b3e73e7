"""Readers that no variable shows: a traceback that is kept, and a holder that reads when it goes."""

from __future__ import annotations

import asyncio
import gc

from conftest import GRACE, LoopFactory, elapse, turn

import heard


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("read")


def test_a_variable_that_a_traceback_shows(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    """Whoever has the traceback of an exception that was raised there may read all variables."""
    caught: list[BaseException] = []

    async def work() -> None:
        task = asyncio.create_task(fail_later())
        try:
            raise RuntimeError("caught")
        except RuntimeError as error:
            caught.append(error)
        await asyncio.sleep(60)

    async def fail_later() -> None:
        await turn()
        raise ValueError("read")

    async def main() -> None:
        working = asyncio.create_task(work())
        await elapse(GRACE / 2)
        traceback = caught[0].__traceback__
        assert traceback is not None
        task = traceback.tb_frame.f_locals["task"]
        assert isinstance(task.exception(), ValueError)
        working.cancel()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert records == []


def test_a_holder_that_reads_when_it_goes(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    read: list[BaseException | None] = []

    class Resource:
        def __init__(self) -> None:
            self.tasks = {"work": asyncio.create_task(fail())}

        def __del__(self) -> None:
            read.extend(task.exception() for task in self.tasks.values())

    async def main() -> None:
        first = Resource()
        second = [Resource()]
        second.append(second)  # type: ignore[arg-type]
        await elapse(GRACE / 2)
        del first, second
        gc.collect()
        await turn()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())
    assert len(read) == 2
    assert records == []
