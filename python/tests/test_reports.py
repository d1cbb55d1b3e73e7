"""Where reports go: the journal, the log, standard error. They get out, and they harm nobody."""

from __future__ import annotations

import asyncio
import collections
import gc
import json
import logging
import logging.config
import os
import subprocess
import sys
import textwrap
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Finished

import heard

Launch = Callable[..., Finished]
RUN = ("-m", "heard", "run")

LOSE = """
import asyncio, os, sys

async def work(what):
    raise ValueError(what)

async def lose_in_loop(what):
    asyncio.create_task(work(what))
    for _ in range(10):
        await asyncio.sleep(0)

def lose(what="lost"):
    asyncio.run(lose_in_loop(what))

"""


def program(source: str) -> str:
    return LOSE + textwrap.dedent(source)


async def fail(what: object = "lost") -> None:
    raise ValueError(what)


async def lose_in_loop(what: object) -> None:
    asyncio.create_task(fail(what))
    for _ in range(10):
        await asyncio.sleep(0)


def lose(what: object = "lost") -> None:
    asyncio.run(lose_in_loop(what))


@pytest.fixture
def clean() -> Iterator[None]:
    gc.collect()
    yield
    heard.uninstall()


def messages(path: Path) -> list[str]:
    return [json.loads(line)["exception"]["message"] for line in path.read_text().splitlines()]


# The journal.


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of children")
def test_a_descriptor_of_the_parent_is_not_the_one_of_a_child(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(
        program(
            """
            own = open("own", "wb", buffering=0)
            lose("child")
            own.write(b"kept")
            print(own.fileno())
            """
        )
    )
    source = """
        import subprocess
        subprocess.run([sys.executable, "child.py"])
        lose("parent")
    """
    with open(tmp_path / "records", "ab") as records:
        os.set_inheritable(records.fileno(), True)
        (tmp_path / "app.py").write_text(program(source))
        subprocess.run(
            [sys.executable, *RUN, "--json", str(records.fileno()), "app.py"],
            cwd=tmp_path,
            pass_fds=[records.fileno()],
            check=True,
            capture_output=True,
        )
    assert (tmp_path / "own").read_bytes() == b"kept"
    assert messages(tmp_path / "records") == ["child", "parent"]


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of children")
def test_a_pipe_is_not_written_to_by_children_that_do_not_have_it(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(program("own = open('own', 'wb', buffering=0); lose('child')"))
    (tmp_path / "app.py").write_text(
        program("import subprocess; subprocess.run([sys.executable, 'child.py']); lose('parent')")
    )
    ours, theirs = os.pipe()
    ended = subprocess.run(
        [sys.executable, *RUN, "--json", str(theirs), "app.py"],
        cwd=tmp_path,
        pass_fds=[theirs],
        check=True,
        capture_output=True,
        text=True,
    )
    os.close(theirs)
    with open(ours) as records:
        assert [json.loads(line)["exception"]["message"] for line in records] == ["parent"]
    assert (tmp_path / "own").read_bytes() == b""
    assert ended.stderr.count(f"to descriptor {theirs}: it is not open in this process") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors")
@pytest.mark.parametrize("by_path", [True, False])
def test_a_program_that_closes_all_descriptors(by_path: bool, launch: Launch, tmp_path: Path) -> None:
    source = """
        import heard
        records = open("records", "ab")
        heard.install(json="records" if {by_path} else records.fileno())
        lose("first")
        os.closerange(3, 1000)
        own = [os.open("own", os.O_CREAT | os.O_WRONLY) for _ in range(300)]
        lose("second")
    """
    ended = launch(program(source.format(by_path=by_path)))
    assert ended.code == 0
    assert (tmp_path / "own").read_bytes() == b""
    assert messages(tmp_path / "records") == (["first", "second"] if by_path else ["first"])
    assert ended.err.count("cannot write the records") == (0 if by_path else 1)


def test_the_place_of_the_journal_stays_right_in_another_directory(
    clean: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    heard.install(json="records", report=lambda _: None)
    monkeypatch.chdir(tmp_path / "elsewhere")
    lose()
    assert messages(tmp_path / "records") == ["lost"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
def test_a_full_disk(clean: None, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[heard.Failure] = []
    heard.install(json="/dev/full", report=seen.append)
    for _ in range(3):
        lose()
    assert len(seen) == 3
    assert capsys.readouterr().err.count("/dev/full: No space left on device") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes that do not block")
def test_a_pipe_that_is_full(clean: None, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    heard.install(json=theirs, report=lambda _: None)
    filled = 0
    while True:
        try:
            filled += os.write(theirs, b"x" * 1000)
        except BlockingIOError:
            break
    # Room for a part of a record.
    filled -= len(os.read(ours, 4096))
    lose("€" * 2000)
    rest = b""
    while len(rest) < filled:
        rest += os.read(ours, filled - len(rest))
    os.read(ours, 10_000)
    lose("whole")
    heard.uninstall()
    os.close(theirs)
    with open(ours) as records:
        # What was torn is a line of its own.
        lines = records.read().splitlines()
    assert json.loads(lines[-1])["exception"]["message"] == "whole"
    assert "cannot write the records" in capsys.readouterr().err


def test_a_failure_within_a_report_is_told_after_it(clean: None, tmp_path: Path) -> None:
    class Loses:
        """Collected while a record of it is written, it fails a task."""

        def __str__(self) -> str:
            gc.collect()
            return "outer"

    def cycle() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(fail("inner"))
        loop.run_until_complete(asyncio.wait([task]))
        loop.close()
        typing.cast("typing.Any", holder := [task]).append(holder)

    seen: list[str] = []

    def report(failure: heard.Failure) -> None:
        assert failure.exception is not None
        seen.append("begin " + failure.exception.message)
        gc.collect()
        seen.append("end " + failure.exception.message)

    gc.disable()
    try:
        heard.install(report=report, json=str(tmp_path / "records"), grace=60)
        cycle()
        lose(Loses())
    finally:
        gc.enable()
    assert seen == ["begin outer", "end outer", "begin inner", "end inner"]
    assert messages(tmp_path / "records") == ["outer", "inner"]
    assert heard.stats().lost == 2


# The log.


@pytest.fixture
def log() -> Iterator[list[logging.LogRecord]]:
    """What the log of the program is told, without pytest's own handlers."""
    records: list[logging.LogRecord] = []

    class Keeps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            self.format(record)
            records.append(record)

    root = logging.getLogger()
    before, root.handlers = (root.handlers, root.level), [Keeps()]
    root.setLevel(logging.INFO)
    gc.collect()
    heard.install()
    yield records
    heard.uninstall()
    root.handlers = before[0]
    root.setLevel(before[1])


def test_a_record_has_its_exception_and_groups_with_its_like(log: list[logging.LogRecord]) -> None:
    for number in range(2):
        lose(number)
    first, second = log
    assert first.exc_info is not None and isinstance(first.exc_info[1], ValueError)
    assert first.msg == second.msg and first.getMessage() != second.getMessage()
    assert "%s" in first.msg and "lose_in_loop" not in first.msg
    assert (first.name, first.levelname) == ("heard", "ERROR")
    assert (Path(first.pathname).name, first.funcName) == (Path(__file__).name, "lose_in_loop")
    assert logging.Formatter().format(first).count("raise ValueError(what)") == 1


def test_what_is_left_at_the_end_is_counted_and_not_logged(log: list[logging.LogRecord]) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return

    async def main() -> None:
        left = asyncio.create_task(asyncio.sleep(60))
        stopped = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        stopped.cancel()
        await asyncio.wait([stopped])
        assert not left.done()

    asyncio.run(main())
    assert log == []
    assert heard.stats().unfinished == 1


def test_a_retraction_is_logged(log: list[logging.LogRecord]) -> None:
    async def main() -> None:
        heard.install(grace=0.01)
        told = asyncio.Event()
        loop = asyncio.get_running_loop()

        class Tells(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                loop.call_soon_threadsafe(told.set)

        # It comes after the one that keeps the records.
        logging.getLogger().addHandler(handler := Tells())
        task = asyncio.create_task(fail())
        await told.wait()
        told.clear()
        assert isinstance(task.exception(), ValueError)
        await told.wait()
        logging.getLogger().removeHandler(handler)

    asyncio.run(main())
    assert [(record.levelname, record.getMessage().startswith("heard: retracted")) for record in log] == [
        ("WARNING", False),
        ("INFO", True),
    ]


SILENCED = {
    "dictConfig as it comes": "logging.config.dictConfig({'version': 1, 'root': {'level': 'INFO', 'handlers': []}})",
    "dictConfig with a handler": """
        logging.config.dictConfig({
            'version': 1,
            'handlers': {'err': {'class': 'logging.StreamHandler'}},
            'loggers': {'asyncio': {'level': 'INFO'}},
            'root': {'handlers': ['err'], 'level': 'INFO'},
        })
    """,
    "fileConfig as it comes": """
        import io
        logging.config.fileConfig(io.StringIO('''
        [loggers]
        keys=root
        [handlers]
        keys=err
        [formatters]
        keys=
        [logger_root]
        handlers=err
        [handler_err]
        class=StreamHandler
        args=(sys.stderr,)
        '''.replace('\\n        ', '\\n')))
    """,
    "the logger of heard is silenced": "logging.getLogger('heard').setLevel(logging.CRITICAL)",
}


@pytest.mark.parametrize("name", SILENCED)
def test_a_failure_is_told_whatever_the_log_is_configured_for(name: str, launch: Launch) -> None:
    source = "import logging.config\n" + textwrap.dedent(SILENCED[name]) + "\nlose()\n"
    ended = launch(LOSE + source, *RUN)
    if "silenced" in name:
        # As it was asked to: but asyncio's own message is left alone.
        assert ended.err.count("Task exception was never retrieved") == 1
        assert "[lost]" not in ended.err
    else:
        assert ended.err.count("[lost] task 'Task-2' (work) failed") == 1, ended.err
        assert "never retrieved" not in ended.err
    assert ended.err.endswith("heard: 1 failure was lost\n")


def test_an_end_of_standard_error(launch: Launch) -> None:
    ended = launch(program("sys.stderr.close()\nlose()\nsys.stderr = None\nlose()\nprint('end')"), *RUN)
    assert (ended.code, ended.out) == (0, "end\n")


# The text.


DEEP = """
def dive(depth):
    if depth:
        dive(depth - 1)
    try:
        {}["key"]
    except KeyError as error:
        raise ExceptionGroup("several\\nlines", [ValueError("a\\nb"), OSError(1, "x")]) from error

async def deep():
    dive(20)

def make(depth):
    return make(depth - 1) if depth else asyncio.create_task(deep())

async def main():
    make(20)
    for _ in range(10):
        await asyncio.sleep(0)

asyncio.run(main())
"""


def test_a_report_has_less_than_15_lines(launch: Launch) -> None:
    ended = launch(LOSE + DEEP, *RUN, "-q")
    lines = ended.err.splitlines()
    assert len(lines) < 15, ended.err
    assert lines[0] == (
        "heard: [lost] task 'Task-2' (deep) failed, and nobody hears it: ExceptionGroup: several …"
    ), ended.err
    assert any("lines before these, which the records of --json have" in line for line in lines)


def test_a_storm_is_told_though_nothing_else_happens(clean: None) -> None:
    """It is the clock that tells how many more there were, and not the next failure."""
    from heard.report import storm

    seen: collections.deque[heard.Failure] = collections.deque()
    before, storm._WINDOW = storm._WINDOW, 0.1
    try:
        heard.install(report=seen.append)

        async def main() -> None:
            for _ in range(10):
                asyncio.create_task(fail())
            while not any(failure.repeated for failure in seen):
                await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(main(), 60))
    finally:
        storm._WINDOW = before
    assert [failure.repeated for failure in seen] == [0, 0, 0, 7]
