"""Random uses of `map`: each item has one outcome, nobody waits for ever, and nothing is left, whoever is cancelled."""

from __future__ import annotations

import asyncio
import random
import typing
from collections.abc import AsyncIterator, Iterator

import pytest

import heard
from conftest import LoopFactory

KINDS = ["ok", "ok", "waits", "waits longer", "fails", "cancels itself", "swallows", "cancels and fails"]


class Use:
    """One use of `map`, as the seed has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        choice = self.random.choice
        self.kinds = [choice(KINDS) for _ in range(choice(range(12)))]
        self.input_fails = choice([True, False, False, False, False])
        self.is_async = choice([True, False])
        self.threads = choice([None, None, None, 2])
        self.own_tasks = choice([True, False])
        self.options: dict[str, typing.Any] = {
            "limit": choice([1, 2, 5]),
            "ordered": choice([True, False]),
            "rate": choice([None, None, 2000.0]),
            "threads": self.threads,
            "own_tasks": self.own_tasks,
        }
        self.takers = choice([1, 1, 2, 3])
        self.end = choice(["nothing", "nothing", "cancel one", "cancel all", "aclose"])
        self.started: list[int] = []
        self.ended: list[int] = []
        self.got: list[int] = []
        self.input_errors = 0

    async def call(self, number: int) -> int:
        self.started.append(number)
        try:
            return await self.work(number, self.kinds[number])
        finally:
            self.ended.append(number)

    async def work(self, number: int, kind: str) -> int:
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0
        if kind.startswith("waits"):
            await asyncio.sleep(0.001 if kind == "waits longer" else 0)
        elif kind == "fails":
            await asyncio.sleep(0)
            raise LookupError(number)
        elif kind != "ok":
            task.cancel()
            if kind == "cancels and fails":
                raise LookupError(number)
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                if kind == "cancels itself":
                    raise
        return number

    def items(self) -> Iterator[int]:
        yield from range(len(self.kinds))
        if self.input_fails:
            raise KeyError("input")

    async def async_items(self) -> AsyncIterator[int]:
        for number in self.items():
            await asyncio.sleep(0)
            yield number

    async def take(self, outcomes: heard.Map[int, int]) -> None:
        try:
            async for outcome in outcomes:
                self.got.append(outcome.index)
                match outcome:
                    case heard.Ok(value):
                        assert value == outcome.input
                    case heard.Err(error):
                        assert isinstance(error, LookupError | heard.ChildCancelled)
                await asyncio.sleep(self.random.choice([0, 0, 0.0005]))
        except KeyError:
            self.input_errors += 1

    async def run(self) -> None:
        outcomes = heard.map(self.call, self.async_items() if self.is_async else self.items(), **self.options)
        takers = [asyncio.create_task(self.take(outcomes)) for _ in range(self.takers)]
        for _ in range(self.random.randrange(8)):
            await asyncio.sleep(self.random.choice([0, 0, 0.001]))
        if self.end == "aclose":
            await outcomes.aclose()
        for taker in takers[: {"cancel one": 1, "cancel all": len(takers)}.get(self.end, 0)]:
            taker.cancel()
        async with asyncio.timeout(60):
            ends = await asyncio.gather(*takers, return_exceptions=True)
        for end in ends:
            assert end is None or isinstance(end, asyncio.CancelledError), repr(end)
        await outcomes.aclose()
        assert len(self.got) == len(set(self.got))
        assert sorted(self.started) == sorted(self.ended)
        assert len(asyncio.all_tasks()) == 1
        if self.end == "nothing":
            assert sorted(self.got) == list(range(len(self.kinds)))
            assert self.input_errors == self.input_fails
            assert self.got == sorted(self.got) or self.takers > 1 or not self.options["ordered"]


@pytest.mark.parametrize("part", range(5))
def test_random_uses(part: int, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    for seed in range(40 * part, 40 * part + 40):
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            try:
                runner.run(Use(seed).run())
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
