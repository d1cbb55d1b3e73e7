"""The monitor and its host: other tools, odd tasks, odd interpreters."""

from __future__ import annotations

import asyncio
import gc
import sys
import typing
from collections.abc import Callable, Coroutine

import pytest
from conftest import GRACE, Finished, elapse, go

import heard

Launch = Callable[..., Finished]


async def fail() -> None:
    await asyncio.sleep(0)
    raise ValueError("lost")


def test_install_inside_a_loop(records: list[heard.Failure]) -> None:
    heard.uninstall()

    async def main() -> None:
        heard.install(grace=GRACE, report=records.append)
        asyncio.create_task(fail())
        await elapse(GRACE)

    asyncio.run(main())
    assert [record.verdict for record in records] == ["lost"]


@pytest.mark.parametrize("later", [False, True], ids=["before", "after"])
def test_a_task_factory_of_the_program(later: bool, records: list[heard.Failure]) -> None:
    made = []

    def factory(
        loop: asyncio.AbstractEventLoop, coro: Coroutine[object, object, object], **options: typing.Any
    ) -> asyncio.Task[object]:
        made.append(coro)
        return asyncio.Task(coro, loop=loop, **options)

    async def main() -> None:
        if not later:
            heard.uninstall()
        asyncio.get_running_loop().set_task_factory(typing.cast("typing.Any", factory))
        heard.install(grace=GRACE, report=records.append)
        asyncio.create_task(fail())
        await elapse(GRACE)

    asyncio.run(main())
    assert [getattr(coro, "__qualname__", "") for coro in made].count("fail") == 1
    assert [(record.verdict, bool(record.born)) for record in records] == [("lost", True)]


def test_an_exception_handler_of_the_program_is_called_as_ever(records: list[heard.Failure]) -> None:
    contexts: list[dict[str, object]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: contexts.append(context))
        asyncio.create_task(fail())
        task = asyncio.create_task(fail())  # noqa: F841
        loop.call_soon(lambda: 1 / 0)
        await elapse(GRACE)

    asyncio.run(main())
    gc.collect()
    messages = sorted(str(context["message"]).split(" <")[0] for context in contexts)
    assert messages[1:] == ["Task exception was never retrieved"] * 2
    assert "Exception in callback" in messages[0]
    # It has heard of the callback; the tasks were lost all the same, and are reported once each.
    assert sorted(record.rule for record in records) == ["dropped-task", "unread-task"]


def test_asyncio_does_not_repeat_what_is_reported(
    records: list[heard.Failure], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        asyncio.create_task(fail())
        task = asyncio.create_task(fail())  # noqa: F841
        await elapse(GRACE)

    asyncio.run(main())
    gc.collect()
    assert len(records) == 2
    assert caplog.records == []


def test_without_a_receiver_the_logger_is_told(caplog: pytest.LogCaptureFixture) -> None:
    heard.install()
    try:

        async def main() -> None:
            asyncio.create_task(fail(), name="job")
            await asyncio.sleep(0.05)

        asyncio.run(main())
    finally:
        heard.uninstall()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("heard", "ERROR")
    assert "task 'job'" in record.getMessage()
    assert isinstance(record.failure, heard.Failure)  # type: ignore[attr-defined]


def test_a_receiver_that_raises_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    def report(_: heard.Failure) -> None:
        raise RuntimeError("the receiver is broken")

    heard.install(report=report)
    try:

        async def main() -> str:
            asyncio.create_task(fail())
            await asyncio.sleep(0.05)
            return "done"

        assert asyncio.run(main()) == "done"
    finally:
        heard.uninstall()
    assert "the receiver is broken" in capsys.readouterr().err


def test_exceptions_that_cannot_be_shown(records: list[heard.Failure]) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        def __repr__(self) -> str:
            raise RuntimeError

    async def work() -> None:
        raise Broken

    async def main() -> None:
        asyncio.create_task(work())
        await asyncio.sleep(0.05)

    asyncio.run(main())
    assert [record.verdict for record in records] == ["lost"]


def test_tasks_in_python(records: list[heard.Failure]) -> None:
    task_type: typing.Any = asyncio.tasks._PyTask  # type: ignore[attr-defined]

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(lambda loop, coro, **options: task_type(coro, loop=loop, **options))
        asyncio.create_task(fail(), name="slow")
        await elapse(GRACE)

    asyncio.run(main())
    assert [(record.task, record.verdict) for record in records] == [("slow", "lost")]


def test_odd_tasks(records: list[heard.Failure]) -> None:
    """A coroutine that is none, a task that is compared by value, one whose attributes raise."""

    class Awaitable(Coroutine[typing.Any, typing.Any, None]):
        def send(self, _: object) -> None:
            raise ValueError("of no function")

        def throw(self, *_: object) -> None:
            raise ValueError("thrown")

        def close(self) -> None: ...

        def __await__(self) -> typing.Any:
            return self

    class Equal(asyncio.Task[typing.Any]):
        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        def __hash__(self) -> int:
            return 1

        def get_name(self) -> str:
            raise RuntimeError

    async def main() -> None:
        asyncio.create_task(Awaitable())
        await elapse(GRACE)
        loop = asyncio.get_running_loop()
        task = Equal(fail(), loop=loop)
        await elapse(GRACE)
        assert task.exception() is not None

    asyncio.run(main())
    assert [record.exception and record.exception.message for record in records][:1] == ["of no function"]


def test_a_storm_of_cancellations(records: list[heard.Failure]) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(2000)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(main())
    assert records == []


def test_recursion_and_deep_stacks(records: list[heard.Failure]) -> None:
    async def dive(depth: int) -> None:
        if depth:
            await dive(depth - 1)
        raise ValueError("deep")

    async def endless() -> None:
        await endless()

    async def main() -> None:
        asyncio.create_task(dive(200))
        asyncio.create_task(endless())
        await elapse(GRACE)

    asyncio.run(main())
    assert sorted(record.exception.type for record in records if record.exception) == ["RecursionError", "ValueError"]


def test_the_result_of_run_and_its_failure() -> None:
    async def main(value: int) -> int:
        if value < 0:
            raise ValueError
        return value

    try:
        assert heard.run(main(3)) == 3
        with pytest.raises(ValueError):
            heard.run(main(-1))
        assert heard.failures() == []
    finally:
        heard.uninstall()


PROGRAM = """
    import asyncio
    async def work():
        raise ValueError("lost")
    async def main():
        asyncio.create_task(work())
        await asyncio.sleep(0.05)
    asyncio.run(main())
    print("end")
"""


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (("-X", "dev"), {}),
        (("-W", "error"), {}),
        (("-O",), {}),
        ((), {"PYTHONASYNCIODEBUG": "1"}),
        ((), {"PYTHONTRACEMALLOC": "5"}),
    ],
    ids=str,
)
def test_options_of_the_interpreter(launch: Launch, options: tuple[str, ...], variables: dict[str, str]) -> None:
    ended = launch(PROGRAM, *options, "-m", "heard", "run", **variables)
    assert (ended.code, ended.out) == (0, "end\n")
    assert ended.err.count("[lost]") == 1


@pytest.mark.parametrize(
    "prelude",
    [
        "import gc; gc.freeze()",
        "import sys; sys.settrace(lambda *_: None)",
        "import sys; sys.setprofile(lambda *_: None)",
        "import gc; gc.disable()",
        "import gc; gc.set_threshold(1)",
        "from sys import monitoring as m; [m.use_tool_id(tool, 'x') for tool in range(6) if m.get_tool(tool) is None]",
        "import threading; threading.stack_size(256 * 1024)",
    ],
)
def test_states_of_the_interpreter(launch: Launch, prelude: str) -> None:
    if "monitoring" in prelude and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring is new in 3.12")
    source = f"""
    {prelude}
    import heard
    heard.install()
    {PROGRAM}
    """
    ended = launch(source.replace("\n    ", "\n"))
    assert (ended.code, ended.out) == (0, "end\n"), ended.err
    assert ended.err.count("[lost]") == 1


def test_failures_while_the_interpreter_ends(launch: Launch) -> None:
    source = """
        import asyncio, threading, time
        import heard
        heard.install()
        async def work():
            raise ValueError("lost")
        async def main():
            while True:
                asyncio.create_task(work())
                await asyncio.sleep(0.001)
        threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
        while heard.stats().lost < 5:
            time.sleep(0.01)
        loop = asyncio.new_event_loop()
        task = loop.create_task(work())
        loop.run_until_complete(asyncio.sleep(0))
    """
    for _ in range(3):
        ended = launch(source)
        assert ended.code == 0, ended.err
        assert "Traceback (most recent call last):\n  File" not in ended.err
        assert "more like this" in ended.err


def test_a_second_interpreter_is_refused(launch: Launch) -> None:
    module = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    source = f"""
        import {module} as interpreters
        import heard
        interpreter = interpreters.create()
        code = "import heard\\ntry:\\n heard.install()\\nexcept ImportError as error: print('refused:', error)"
        interpreters.run_string(interpreter, code)
    """
    ended = launch(source)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("refused:") and "subinterpreters" in ended.out


def test_reports_do_not_wait_for_each_other(records: list[heard.Failure]) -> None:
    """A failure on many loops at the same time as the clock looks at others."""
    kept = []

    async def main() -> None:
        for _ in range(50):
            kept.append(asyncio.create_task(fail()))
            await asyncio.sleep(0)

    asyncio.run(main())
    go(2 * GRACE)
    assert heard.stats().unread == 50
    kept.clear()
    gc.collect()
    assert heard.stats() == heard.Stats(lost=50)


def test_a_test_for_ignored_failures_that_fails_ignores_nothing(
    records: list[heard.Failure], capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(failure: heard.Failure) -> bool:
        raise KeyError("in the test")

    async def main() -> None:
        heard.uninstall()
        heard.install(grace=GRACE, report=records.append, ignore=broken)
        asyncio.create_task(fail())
        await elapse(GRACE)

    asyncio.run(main())
    assert [record.verdict for record in records] == ["lost"]
    assert "in the test" in capsys.readouterr().err
