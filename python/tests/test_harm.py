"""What the monitor must not do to its host."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import inspect
import itertools
import signal
import sys
import traceback
import typing
import weakref
from collections.abc import Callable

import pytest
from conftest import GRACE, Finished, elapse, go, turn

import heard
from heard.monitor import flow

Launch = Callable[..., Finished]


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("lost")


def test_the_heap_is_never_walked_through(
    records: list[heard.Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search for holders goes from the task and from what is suspended. It stays small, however big the heap is."""
    walks: list[str] = []

    def walk(*_: object) -> list[object]:
        walks.append("walk")
        return []

    for name in ("get_referrers", "get_objects"):
        monkeypatch.setattr(gc, name, walk)

    async def main() -> None:
        held: list[object] = [asyncio.create_task(fail())]
        for _ in range(8):
            held = [held]
        await elapse(2 * GRACE)
        assert held

    asyncio.run(main())
    assert walks == []
    assert [record.verdict for record in records] == ["unread", "escalated"]


def long_function(lines: int) -> typing.Any:
    body = "\n".join(f"        a{i % 50} = {i}; b = a{i % 50} + 1" for i in range(lines))
    source = f"async def main(start, wait):\n    try:\n        task = start()\n        await wait()\n{body}\n    finally:\n        b = 1\n"
    names: dict[str, typing.Any] = {}
    exec(compile(source, "long.py", "exec"), names)
    return names["main"]


def test_a_long_function_is_analysed_elsewhere(records: list[heard.Failure]) -> None:
    """Not where the loop waits, but by the clock; and then the verdict is the same as that on a short one."""
    main = long_function(1500)
    steps: list[str] = []

    async def wait() -> None:
        await turn()
        steps.append("the loop has turned")
        assert flow.flow_at_once(main.__code__) is None
        assert records == []
        await elapse(GRACE / 2)

    asyncio.run(main(lambda: asyncio.create_task(fail()), wait))
    assert steps
    assert flow.flow_at_once(main.__code__) is not None
    assert [(record.verdict, record.rule) for record in records] == [("lost", "unread-task")]


def long_readers(lines: int) -> dict[str, typing.Callable[..., typing.Any]]:
    """Functions too long to be analysed where a loop waits, that drop a list of outcomes, keep it, or look at it."""
    rest = "\n".join(f"    a{i % 50} = {i}; b = a{i % 50} + 1" for i in range(lines))
    begin = "    work = start()\n    {}await gather(work, return_exceptions=True)\n    del work\n    await wait()\n"
    source = "".join(
        f"async def {name}(start, gather, wait):\n{begin.format(target)}{rest}\n    return {result}\n"
        for name, target, result in (("drops", "", "0"), ("keeps", "outcomes = ", "0"), ("looks", "outcomes = ", "outcomes"))
    )
    names: dict[str, typing.Any] = {}
    exec(compile(source, "long.py", "exec"), names)
    return {name: names[name] for name in ("drops", "keeps", "looks")}


@pytest.mark.parametrize("as_tasks", [False, True])
@pytest.mark.parametrize("lasts", [0.0, GRACE / 2])
def test_a_long_function_may_drop_a_list_of_outcomes(
    as_tasks: bool, lasts: float, records: list[heard.Failure]
) -> None:
    """It is analysed by the clock, or when the program ends, and until then nothing is said of what it gathers."""

    async def wait() -> None:
        await turn()
        assert records == before
        if lasts:
            await elapse(lasts)

    def start() -> typing.Any:
        return asyncio.create_task(fail()) if as_tasks else fail()

    for name, function in long_readers(700).items():
        before = list(records)
        outcomes = asyncio.run(function(start, asyncio.gather, wait))
        go(2 * GRACE)
        if outcomes:
            assert [type(outcome) for outcome in outcomes] == [ValueError]
            assert records == before
        else:
            heard_now = [(record.event, record.verdict) for record in records[len(before) :]]
            assert heard_now == [("outcomes-ignored", "lost")], name
    assert heard.stats() == heard.Stats(lost=2)


@pytest.mark.parametrize("is_known", [False, True])
def test_a_search_that_is_put_off_is_made_later(
    is_known: bool, records: list[heard.Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows a failed child of a gather is found out in the end, or it is said that nobody can tell."""
    spent = itertools.count()
    # Each search takes ten milliseconds, after which there is none for half a second.
    monkeypatch.setattr("heard.monitor.verdicts.time.thread_time", lambda: next(spent) / 100)
    known: list[object] = []

    async def work() -> None:
        if is_known:
            known.append(asyncio.current_task())
        await fail()

    async def main() -> None:
        dear = asyncio.create_task(fail())
        # On Python 3.11 it is found by a look at all tasks.
        await elapse(GRACE / 4)
        both = asyncio.gather(work(), asyncio.sleep(0), return_exceptions=True)
        await both
        await turn()
        assert records == []
        with pytest.raises(ValueError, match="lost"):
            await dear
        await elapse(2 * GRACE)
        # Whoever holds the gather holds its children.
        assert both.done()

    asyncio.run(main())
    if not is_known:
        assert [(record.event, record.verdict) for record in records] == [("outcomes-ignored", "lost")]
    elif sys.version_info >= (3, 12):
        assert [(record.event, record.verdict) for record in records] == [("outcomes-ignored", "unread")]
    else:
        # gather has taken asyncio's mark away, which nothing keeps here.
        assert records == []
        assert heard.stats().undecided == 1


def test_the_analysis_is_linear() -> None:
    """Twice the code is not much more than twice the work: instructions are looked at a few times each."""
    looks = []
    for lines in (250, 500, 1000):
        code = long_function(lines).__code__
        count = 0

        class Counting(flow.Flow):
            def _live(self) -> list[int]:
                nonlocal count
                normal = self.normal

                class Normal(list[tuple[int, ...]]):
                    def __getitem__(self, index: typing.Any) -> typing.Any:
                        nonlocal count
                        count += 1
                        return super().__getitem__(index)

                self.normal = Normal(normal)
                found = super()._live()
                self.normal = normal
                return found

        Counting(code)
        looks.append(count / lines)
    assert max(looks) < 1.5 * min(looks)


def test_loops_that_are_closed_are_freed(records: list[heard.Failure]) -> None:
    kept: list[asyncio.Task[None]] = []
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        task = asyncio.create_task(fail())
        asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    for _ in range(3):
        asyncio.run(main())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3
    assert kept == []
    assert heard.stats().lost == 6


def test_what_fails_as_its_loop_ends_is_told_before_the_program_does(records: list[heard.Failure]) -> None:
    kept: list[asyncio.Task[None]] = []

    async def main() -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)

    asyncio.run(main())
    go(2 * GRACE)
    assert [record.verdict for record in records] == ["unread"]


class Error(Exception):
    """It can be referred to weakly."""


def test_a_thread_future_is_freed_at_once(records: list[heard.Failure]) -> None:
    gc.collect()
    gc.disable()
    try:
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        error = Error("read")
        future.set_running_or_notify_cancel()
        future.set_exception(error)
        references = weakref.ref(future), weakref.ref(error)
        with pytest.raises(Error) as raised:
            future.result()
        frames = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
        raised.value.__traceback__ = None
        del future, error, raised
        assert [reference() for reference in references] == [None, None]
    finally:
        gc.enable()
    assert [name for name in frames if "/heard/" in name] == []


@pytest.mark.parametrize("how", ["gather", "task", "thread"])
def test_nothing_of_ours_stands_in_a_traceback(how: str, records: list[heard.Failure]) -> None:
    def fail_now() -> None:
        raise ValueError("read")

    async def main() -> None:
        if how == "gather":
            await asyncio.gather(asyncio.gather(fail()), asyncio.sleep(0))
        elif how == "task":
            await asyncio.create_task(fail())
        else:
            await asyncio.to_thread(fail_now)

    with pytest.raises(ValueError) as raised:
        asyncio.run(main())
    names = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert [name for name in names if "/heard/monitor/" in name] == []


def test_methods_of_thread_futures_look_as_ever(records: list[heard.Failure]) -> None:
    during = [
        (name, inspect.signature(getattr(concurrent.futures.Future, name)))
        for name in ("result", "exception", "add_done_callback", "set_exception")
    ]
    heard.uninstall()
    for name, signature in during:
        method = getattr(concurrent.futures.Future, name)
        assert inspect.signature(method) == signature


INTERRUPTED = """
    import asyncio, ctypes, signal, sys
    import heard
    heard.install(report=lambda failure: None)
    trip = ctypes.pythonapi.PyErr_SetInterrupt
    trip.restype = len
    async def work():
        trip()
    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0.2)
        try:
            task.result()
        except TypeError:
            pass
        return "swallowed"
    loop = asyncio.new_event_loop()
    try:
        print(loop.run_until_complete(main()))
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_an_interrupt_within_a_hook_gets_through(launch: Launch) -> None:
    """A signal that becomes pending in the very call that fails: its handler runs in the hook."""
    ended = launch(INTERRUPTED)
    assert ended.out == "interrupted\n", ended.err
    assert signal.getsignal(signal.SIGINT) is not None


@pytest.mark.parametrize("kind", ["generator-based", "of another language"])
def test_a_kept_task_whose_coroutine_is_none_of_pythons(kind: str, records: list[heard.Failure]) -> None:
    class Compiled(typing.Coroutine[typing.Any, typing.Any, None]):
        """As a compiled module has them."""

        def __init__(self) -> None:
            self.steps = 0

        def send(self, _: object) -> None:
            self.steps += 1
            if self.steps > 1:
                raise ValueError("lost")

        def throw(self, *_: object) -> None:
            raise ValueError("thrown")

        def close(self) -> None: ...

        def __await__(self) -> typing.Any:
            return self

    def generator() -> typing.Any:
        yield
        raise ValueError("lost")

    kept: list[asyncio.Task[None]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        coroutine: typing.Any = Compiled() if kind == "of another language" else inspect_generator(generator)
        kept.append(loop.create_task(coroutine))
        await elapse(2 * GRACE)

    asyncio.run(main())
    assert [record.verdict for record in records] == ["unread"]
    kept[0].exception()
    go(10)
    assert [record.verdict for record in records] == ["unread", "retracted"]


def inspect_generator(function: Callable[[], typing.Any]) -> typing.Any:
    """A coroutine as they were made of generators."""
    import types

    @types.coroutine
    def wrapped() -> typing.Any:
        return (yield from function())

    async def outer() -> None:
        await wrapped()

    return outer()
