"""`outcomes`, `Outcome` and `split`: order, identity, what counts as reading, and whose cancellation it is."""

from __future__ import annotations

import asyncio
import gc
import typing
from collections.abc import Iterator

import pytest

import heard
from conftest import LoopFactory


def run(main: typing.Coroutine[typing.Any, typing.Any, typing.Any], loop_factory: LoopFactory) -> typing.Any:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


async def half(n: int) -> int:
    for _ in range(5 - n % 5):
        await asyncio.sleep(0)
    if n % 2:
        raise ValueError(f"{n} is odd")
    return n // 2


def unread(records: list[heard.Failure]) -> list[str]:
    gc.collect()
    return [failure.exception.message for failure in records if failure.event == "outcome-unread" and failure.exception]


@pytest.mark.parametrize("bounds", [{}, {"limit": 2}, {"rate": 10_000.0}])
def test_outcomes_keep_order_and_identity(bounds: dict[str, typing.Any], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        aws = [half(n) for n in range(6)]
        outcomes = await heard.outcomes(aws, **bounds)
        assert [outcome.index for outcome in outcomes] == [0, 1, 2, 3, 4, 5]
        assert [outcome.input for outcome in outcomes] == aws
        assert [outcome.ok for outcome in outcomes] == [True, False] * 3
        assert [str(outcome.error or outcome.value) for outcome in outcomes] == ["0", "1 is odd", "1", "3 is odd", "2", "5 is odd"]
        assert outcomes[0].name == "half"
        assert outcomes[0].born[0].function.endswith("main")

    run(main(), loop_factory)


def test_a_value_is_given_and_a_failure_is_raised(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        good, bad = await heard.outcomes([half(4), half(5)])
        assert good.value == good.unwrap() == 2
        with pytest.raises(ValueError, match="5 is odd"):
            bad.unwrap()
        with pytest.raises(ValueError, match="5 is odd"):
            print(bad.value)

    run(main(), loop_factory)


def test_outcomes_match(loop_factory: LoopFactory) -> None:
    def word(outcome: heard.Outcome[int]) -> str:
        match outcome:
            case heard.Ok(value):
                return f"value {value}"
            case heard.Err(heard.ChildCancelled()):
                return "cancelled"
            case heard.Err(ValueError() as error):
                return f"error {error}"
        return "nothing matches"

    async def main() -> list[str]:
        task = asyncio.ensure_future(half(2))
        task.cancel()
        return [word(outcome) for outcome in await heard.outcomes([half(4), task, half(5)])]

    assert run(main(), loop_factory) == ["value 2", "cancelled", "error 5 is odd"]


def matches(outcome: heard.Outcome[int]) -> object:
    match outcome:
        case heard.Err(ValueError() as error):
            return error
    return None


def matches_without_a_look(outcome: heard.Outcome[int]) -> object:
    match outcome:
        case heard.Ok(value):
            return value
        case heard.Err():
            return "handled"


def matches_by_attribute(outcome: heard.Outcome[int]) -> object:
    match outcome:
        case heard.Outcome(error=ValueError()):  # type: ignore[misc]
            return "handled"
    return None


def matches_the_good_case(outcome: heard.Outcome[int]) -> object:
    match outcome:
        case heard.Ok(value):
            return value
        case _:
            return None


def branches_on_none(outcome: heard.Outcome[int]) -> object:
    if outcome.error is None:
        return "good"
    return "bad"


def branches_on_truth(outcome: heard.Outcome[int]) -> object:
    if not outcome.error:
        return "good"
    return "bad"


def asks_and_reads(outcome: heard.Outcome[int]) -> object:
    if outcome.error is not None:
        return str(outcome.error)
    return "good"


def binds_and_tests(outcome: heard.Outcome[int]) -> object:
    if (error := outcome.error) is None:
        return "good"
    return error


def says_that_it_has_seen_it(outcome: heard.Outcome[int]) -> None:
    outcome.error  # noqa: B018


Look = typing.Callable[[heard.Outcome[int]], object]
READS: dict[str, Look] = {
    "error": lambda outcome: outcome.error,
    "attribute of error": lambda outcome: typing.cast(ValueError, outcome.error).args,
    "error or value": lambda outcome: outcome.error or outcome.value,
    "isinstance of error": lambda outcome: isinstance(outcome.error, ValueError),
    "getattr": lambda outcome: getattr(outcome, "error") is None,  # noqa: B009
    "value": lambda outcome: pytest.raises(ValueError, lambda: outcome.value),
    "unwrap": lambda outcome: pytest.raises(ValueError, outcome.unwrap),
    "match": matches,
    "match without a look": matches_without_a_look,
    "match by attribute": matches_by_attribute,
    "test, then error": asks_and_reads,
    "bind and test": binds_and_tests,
    "statement": says_that_it_has_seen_it,
}
LOOKS: dict[str, Look] = {
    "nothing": lambda outcome: None,
    "ok": lambda outcome: outcome.ok,
    "cancelled": lambda outcome: outcome.cancelled,
    "index": lambda outcome: (outcome.index, outcome.input, outcome.name, outcome.born),
    "repr": repr,
    "split": lambda outcome: len(heard.split([outcome])[1]),
    "isinstance": lambda outcome: isinstance(outcome, heard.Err),
    "error is None": lambda outcome: outcome.error is None,
    "error is not None": lambda outcome: [one for one in [outcome] if one.error is not None] and None,
    "error == None": lambda outcome: outcome.error == None,  # noqa: E711
    "not error": lambda outcome: not outcome.error,
    "if error is None": branches_on_none,
    "if error": branches_on_truth,
    "match of the good case": matches_the_good_case,
}


@pytest.mark.parametrize("how", [*READS, *LOOKS])
def test_a_failure_that_nobody_reads_is_reported(how: str, records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        (outcome,) = await heard.outcomes([half(5)])
        (READS | LOOKS)[how](outcome)

    run(main(), loop_factory)
    assert unread(records) == (["5 is odd"] if how in LOOKS else [])
    assert all(failure.verdict == "lost" and failure.coroutine == "half" for failure in records)


def test_a_failure_in_a_cycle_is_reported(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> None:
        (outcome,) = await heard.outcomes([half(5)])
        cycle: list[object] = [outcome]
        cycle.append(cycle)

    run(main(), loop_factory)
    assert unread(records) == ["5 is odd"]


def test_split_parts_values_and_failures(loop_factory: LoopFactory) -> None:
    async def main() -> None:
        values, failures = heard.split(await heard.outcomes(map(half, range(5))))
        assert values == [0, 1, 2]
        assert [(failure.index, str(failure.error)) for failure in failures] == [(1, "1 is odd"), (3, "3 is odd")]

    run(main(), loop_factory)


def test_the_cancellation_of_a_child_is_not_ones_own(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def main() -> str:
        task = asyncio.create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        outcome, other = await heard.outcomes([task, half(4)])
        assert (outcome.cancelled, outcome.ok, other.value) == (True, False, 2)
        try:
            outcome.unwrap()
        except Exception as error:
            assert isinstance(error.__cause__, asyncio.CancelledError)
            return type(error).__name__
        return "nothing"

    assert run(main(), loop_factory) == "ChildCancelled"
    assert unread(records) == []


def test_being_cancelled_cancels_the_work_and_goes_on(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)
            raise LookupError("on the way out")

    async def main() -> None:
        children = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await heard.outcomes(children)
        assert all(child.done() for child in children)

    run(main(), loop_factory)
    assert unread(records) == ["on the way out"]


@pytest.mark.filterwarnings("error")
def test_an_exception_of_the_input_surfaces_and_nothing_is_left(records: list[heard.Failure], loop_factory: LoopFactory) -> None:
    async def forever() -> None:
        await asyncio.sleep(60)

    def inputs() -> Iterator[typing.Any]:
        yield forever()
        yield half(5)
        raise LookupError("input")

    async def main(bounds: dict[str, typing.Any]) -> None:
        with pytest.raises(LookupError, match="input"):
            await heard.outcomes(inputs(), **bounds)
        with pytest.raises(TypeError, match="cannot await 3"):
            await heard.outcomes([forever(), 3, forever()])  # type: ignore[arg-type]
        assert len(asyncio.all_tasks()) == 1

    run(main({"limit": 5}), loop_factory)


def test_no_more_than_limit_run(loop_factory: LoopFactory) -> None:
    running, most = 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    run(heard.outcomes((work() for _ in range(30)), limit=4), loop_factory)
    assert most == 4


def test_system_exit_passes_through(loop_factory: LoopFactory) -> None:
    async def leave() -> None:
        raise SystemExit(4)

    with pytest.raises(SystemExit):
        run(heard.outcomes([leave(), asyncio.sleep(60)]), loop_factory)


def test_each_cancellation_reaches_the_work() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            told.append("first")
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append("second")
                raise

    async def main() -> None:
        waits = asyncio.create_task(heard.outcomes([work()]))
        for _ in range(2):
            for _ in range(20):
                await asyncio.sleep(0)
            waits.cancel()
        await asyncio.wait([waits], timeout=30)
        assert waits.cancelled()

    asyncio.run(main())
    assert told == ["first", "second"]
