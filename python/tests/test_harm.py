"""What the monitor must not do to its host."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import itertools
import signal
import sys
import textwrap
import traceback
import typing
import weakref
from collections.abc import Callable

import pytest
from conftest import GRACE, Finished, elapse, go, turn

import heard
from heard import _native
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
    else:
        assert [(record.event, record.verdict) for record in records] == [("outcomes-ignored", "unread")]


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


@pytest.mark.parametrize("how", ["gather", "task", "thread", "wait"])
def test_nothing_of_ours_stands_in_a_traceback(how: str, records: list[heard.Failure]) -> None:
    def fail_now() -> None:
        raise ValueError("read")

    async def main() -> None:
        if how == "gather":
            await asyncio.gather(asyncio.gather(fail()), asyncio.sleep(0))
        elif how == "task":
            await asyncio.create_task(fail())
        elif how == "wait":
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.wait([asyncio.create_task(asyncio.sleep(5))])
        else:
            await asyncio.to_thread(fail_now)

    with pytest.raises((ValueError, asyncio.CancelledError)) as raised:
        asyncio.run(main())
    names = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert [name for name in names if "/heard/monitor/" in name] == []


def test_nothing_of_ours_waits_for_a_future(records: list[heard.Failure]) -> None:
    async def main() -> None:
        futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
        shown = [repr(future) for future in futures]
        _, pending = await asyncio.wait(futures, timeout=0.01, return_when=asyncio.FIRST_EXCEPTION)
        assert len(pending) == 3 and [repr(future) for future in futures] == shown
        if sys.version_info >= (3, 12):
            gathering = asyncio.gather(*futures)
            assert [len(typing.cast(typing.Any, future)._callbacks) for future in futures] == [1, 1, 1]
            gathering.cancel()
        for future in futures:
            future.cancel()

    asyncio.run(main())


#: What a program may ask of a function or method, and what becomes of it, as it is printed.
LOOKS = {
    "what it is": "function.__class__.__name__",
    "whether it is a function": "[check(function) for check in (inspect.isfunction, inspect.isbuiltin, inspect.isroutine)]",
    "its names": "function.__name__, function.__qualname__, getattr(function, '__module__', None), function.__doc__",
    "how it is shown": "repr(function).partition(' at 0x')[0]",
    "how it is called": "signature_of(function)",
    "a copy of it": "copy.copy(function) is copy.deepcopy(function) is function",
    "what a pickle of it gives": "pickle.loads(pickle.dumps(function)) is function",
    "a weak reference to it": "can_be_referred_to(function)",
    "as an attribute of a class": "isinstance(function, types.MethodDescriptorType) or is_bound(function)",
    "an autospec": "called_wrongly(unittest.mock.create_autospec(function))",
    "attributes of it": "attributes_of(function)",
}
#: What the monitor stands before.
LOOKED_AT = (
    "concurrent.futures.Future.result",
    "concurrent.futures.Future.exception",
    "concurrent.futures.Future.set_exception",
    "concurrent.futures.Future.add_done_callback",
    "concurrent.futures.Future.__init__",
    "asyncio.Future.set_exception",
    "asyncio.Future.cancel",
    "asyncio.Task.cancel",
    "asyncio.runners._cancel_all_tasks",
    "asyncio.tasks._wait",
    "os._exit",
    "os.kill",
    "os.killpg",
    "signal.signal",
    "signal.raise_signal",
    "signal.pthread_kill",
)
LOOKING = """
    import asyncio, concurrent.futures, copy, inspect, os, pickle, signal, types, unittest.mock, weakref

    def signature_of(function):
        try:
            return inspect.signature(function)
        except ValueError:
            return None

    def called_wrongly(mock):
        try:
            made = mock(1, 2, 3, 4, 5, 6)
            # It may be a coroutine, which nobody awaits.
            getattr(made, "close", list)()
            return "as if it were right"
        except TypeError as error:
            return error

    def can_be_referred_to(function):
        try:
            return weakref.ref(function)() is function
        except TypeError:
            # Python's own cannot, and who can does no harm.
            return isinstance(function, types.MethodDescriptorType)

    def is_bound(function):
        return type(type("Class", (), {"function": function})().function) is types.MethodType

    def attributes_of(function):
        try:
            function.mark = 1
            had = hasattr(function, "mark")
            del function.mark
            return had, hasattr(function, "mark")
        except AttributeError:
            return None
"""


def test_what_the_monitor_stands_before_looks_as_ever(launch: Launch) -> None:
    """And is passed on to other processes, which may not have this package."""
    lines = [f"print({path!r}, {look!r}, (lambda function: ({code}))({path}))" for path in LOOKED_AT for look, code in LOOKS.items()]
    source = textwrap.dedent(LOOKING) + "\n".join(lines)
    plain, monitored = launch(source), launch(source, "-m", "heard", "run")
    assert plain.err == monitored.err == ""
    assert monitored.out.splitlines() == plain.out.splitlines()


#: Of a failed task, of futures, and of a gather that has failed while one of its children still runs.
BOUND = """
    import asyncio, functools, inspect, pickle, sys, types

    def shown(value):
        return repr(value).partition(" at 0x")[0]

    def answer(question, *arguments):
        try:
            return question(*arguments)
        except Exception as error:
            return type(error).__name__, str(error).partition(" at 0x")[0]

    QUESTIONS = {
        "its type": type,
        "its class": lambda method: method.__class__,
        "its names": lambda method: (method.__name__, method.__qualname__, method.__module__, method.__doc__),
        "how it is shown": shown,
        "its owner": lambda method: type(method.__self__),
        "its signature": inspect.signature,
        "a built-in function": lambda method: isinstance(method, types.BuiltinMethodType),
        "what inspect says": lambda method: [ask(method) for ask in (inspect.isbuiltin, inspect.isroutine, inspect.ismethod)],
        "what it wraps": lambda method: hasattr(method, "__wrapped__"),
        "what wraps it": lambda method: vars(functools.wraps(method)(lambda: None)).keys() & {"__wrapped__"},
        "the name of what wraps it": lambda method: functools.wraps(method)(lambda: None).__qualname__,
        "its attributes": dir,
        "called wrongly": lambda method: method(1, 2, 3, 4),
        "called by a wrong name": lambda method: method(nothing=1),
        "a pickle": lambda method: pickle.dumps(method) and None,
        "one more attribute": lambda method: setattr(method, "mark", 1),
    }

    async def fail():
        raise ValueError("lost")

    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(fail())
        future = loop.create_future()
        future.set_exception(KeyError("lost"))
        gathering = asyncio.gather(fail(), asyncio.sleep(0.01), asyncio.sleep(0.01, "second"))
        listing = asyncio.gather(fail(), return_exceptions=True)
        await asyncio.sleep(0.001)
        print(sorted(vars(type(gathering)).keys() & {"__init__", "cancel"}), type(gathering).__mro__, inspect.signature(type(gathering)))
        print(inspect.getsource(type(gathering)) == inspect.getsource(asyncio.tasks._GatheringFuture))
        for owner in (task, future):
            for name in ("exception", "cancel", "result", "set_exception"):
                method = getattr(owner, name)
                print(name, method == getattr(owner, name), method is getattr(owner, name), inspect.getattr_static(owner, name))
                for question, ask in QUESTIONS.items():
                    print(name, question, answer(ask, method))
        for name in ("exception", "cancel"):
            print(name, shown(getattr(gathering, name)))
        print(sorted(name for name in dir(task) if "heard" in name), "exception" in getattr(task, "__dict__", ()))
        for one in (task, future, gathering):
            print(repr(one.exception()), one.cancel(), one.done())
        print(await listing)

    asyncio.run(main())
"""


def test_methods_of_futures_look_as_ever(launch: Launch) -> None:
    plain, monitored = launch(BOUND), launch(BOUND, "-m", "heard", "run", "-q")
    assert (plain.err, plain.code) == (monitored.err, monitored.code) == ("", 0)
    assert monitored.out.splitlines() == plain.out.splitlines()


SENDING = """
    import concurrent.futures, multiprocessing, os, signal, traceback

    def handle(number, frame):
        print("in", frame.f_code.co_name)
        raise KeyError(number)

    def send():
        signal.signal(signal.SIGTERM, handle)
        os.kill(os.getpid(), signal.SIGTERM)

    def frames_of(call, *arguments):
        try:
            call(*arguments)
        except (KeyError, OSError) as error:
            print(repr(error), [frame.name for frame in traceback.extract_tb(error.__traceback__)])

    if __name__ == "__main__":
        frames_of(send)
        frames_of(os.kill, 2**30, 0)
        frames_of(signal.signal, signal.SIGKILL, handle)
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
            print(executor.submit(os.kill, os.getpid(), 0).result())
            print(type(executor.submit(os._exit, 3).exception()))
        child = multiprocessing.get_context("spawn").Process(target=os._exit, args=(7,))
        child.start()
        child.join()
        print(child.exitcode)
"""


def test_functions_that_end_processes_work_as_ever(launch: Launch) -> None:
    plain, monitored = launch(SENDING), launch(SENDING, "-m", "heard", "run")
    assert plain.err == monitored.err == ""
    assert monitored.out.splitlines() == plain.out.splitlines()
    assert plain.out.endswith("7\n")


def test_where_no_thread_can_be_started_failures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that has as many processes as it may have."""

    def wake_in(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    seen: list[heard.Failure] = []
    monkeypatch.setattr(_native, "wake_in", wake_in)

    async def main() -> None:
        asyncio.create_task(fail())
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await turn()

    heard.install(report=seen.append)
    try:
        asyncio.run(main())
        gc.collect()
    finally:
        heard.uninstall()
    assert sorted((record.event, record.verdict) for record in seen) == [("callback-raised", "lost"), ("task-failed", "lost")]


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
