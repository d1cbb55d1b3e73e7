"""Random programs of children that return, fail, hang, swallow or raise cancellation, cancelled at random moments.

Whatever happens: no task survives what started it, no failure is lost, no cancellation is invented and none is eaten.
"""

from __future__ import annotations

import asyncio
import gc
import random
import typing

import pytest

import heard
from conftest import LoopFactory

ROUNDS = 60
_Kind = typing.Literal["group-collect", "group-cancel", "outcomes", "map", "map-ordered"]
KINDS: list[_Kind] = ["group-collect", "group-cancel", "outcomes", "map", "map-ordered"]


class Program:
    """One random program, and what became of it."""

    def __init__(self, kind: _Kind, seed: int) -> None:
        self.kind = kind
        self.draw = random.Random(seed)
        #: Failures by name: those that were raised, and those that somebody was given.
        self.raised: set[str] = set()
        self.given: set[str] = set()
        self.ended = 0
        self.begun = 0
        #: What the block has let out.
        self.out: BaseException | None = None
        self.asked = False

    async def child(self, number: int) -> int:
        self.begun += 1
        try:
            for _ in range(self.draw.randint(0, 3)):
                await self.step(number)
            if self.draw.random() < 0.25:
                self.fail(f"child {number}")
            if self.draw.random() < 0.05:
                raise asyncio.CancelledError
            return number
        finally:
            self.ended += 1

    async def step(self, number: int) -> None:
        how = self.draw.random()
        try:
            if how < 0.6:
                await asyncio.sleep(0)
            elif how < 0.9:
                await asyncio.sleep(self.draw.random() / 1000)
            else:
                # It hangs, for longer than anything else here.
                await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            what = self.draw.random()
            if what < 0.2:
                # It takes its time.
                await asyncio.sleep(0)
            elif what < 0.3:
                # It swallows the cancellation.
                return
            elif what < 0.5:
                self.fail(f"clean-up of {number}")
            raise

    def fail(self, name: str) -> typing.NoReturn:
        name = f"{name}.{len(self.raised)}"
        self.raised.add(name)
        raise LookupError(name)

    def took(self, error: BaseException | None) -> None:
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                self.took(one)
        elif isinstance(error, LookupError):
            self.given.add(str(error))

    async def block(self) -> None:
        children = range(self.draw.randint(0, 6))
        limit = self.draw.choice([None, 1, 2, 10])
        if self.kind == "outcomes":
            for outcome in await heard.outcomes([self.child(n) for n in children], limit=limit):
                self.took(outcome.error)
        elif self.kind in ("map", "map-ordered"):
            async with heard.map(self.child, children, limit=limit or 3, ordered=self.kind == "map-ordered") as found:
                async for taken in found:
                    self.took(taken.error)
                    if self.draw.random() < 0.3:
                        await asyncio.sleep(0)
                    if self.draw.random() < 0.05:
                        break
        else:
            on_failure: typing.Literal["collect", "cancel"] = "collect" if self.kind == "group-collect" else "cancel"
            async with heard.Group(on_failure=on_failure, limit=limit) as group:
                for n in children:
                    if self.draw.random() < 0.3:
                        await group.submit(self.child(n))
                    else:
                        group.create_task(self.child(n))
                if self.draw.random() < 0.3:
                    await asyncio.sleep(0)
                how = self.draw.random()
                if how < 0.1:
                    self.fail("body")
                elif how < 0.2:
                    group.cancel()
                elif how < 0.25:
                    asyncio.get_running_loop().call_soon(group.cancel)

    async def main(self) -> None:
        """Runs the block in a task, and cancels that at random moments; afterwards checks what has to hold there."""
        inside = asyncio.create_task(self.inside())
        if self.draw.random() < 0.6:
            for _ in range(self.draw.randint(0, 3)):
                await asyncio.sleep(self.draw.choice([0, 0, 0.0005, 0.001]))
            self.asked = inside.cancel()
            if self.draw.random() < 0.2:
                await asyncio.sleep(0)
                inside.cancel()
        await asyncio.wait([inside])
        survivors = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert survivors == [], "a task has survived what started it"
        assert self.begun == self.ended
        if not inside.cancelled():
            inside.result()

    async def inside(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        timeout = self.draw.choice([None, None, 0, 0.0005, 0.002])
        try:
            async with asyncio.timeout(timeout):
                await self.block()
        except asyncio.CancelledError as error:
            self.out = error
            assert task.cancelling(), "a cancellation was invented"
            raise
        except TimeoutError as error:
            self.out = error
            assert timeout is not None
        except BaseExceptionGroup as error:
            self.out = error
            self.took(error)
        was_asked = task.cancelling() > 0
        try:
            for _ in range(3):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            assert task.cancelling(), "a cancellation was invented"
            raise
        assert not was_asked, "a cancellation was eaten"


@pytest.mark.parametrize("kind", KINDS)
def test_random_programs(kind: _Kind, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    # The monitor would call the children that swallow a cancellation by their name; here they are wanted.
    # What was there before is left out of every collection below.
    gc.freeze()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        for seed in range(ROUNDS):
            before = heard.stats().lost
            program = Program(kind, seed)
            try:
                runner.run(program.main())
                gc.collect()
                # Reports of one kind are aggregated, so they are counted and not compared.
                told = heard.stats().lost - before
                assert told == len(program.raised - program.given), "a failure was lost, or told twice"
            except BaseException as error:
                error.add_note(f"{kind}, seed {seed}, out: {program.out!r}")
                raise
    gc.unfreeze()
