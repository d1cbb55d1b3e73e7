"""`python -m heard run`: the program is the same as without, and what is lost is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

Launch = Callable[..., Finished]
RUN = ("-m", "heard", "run")

LOSES = """
    import asyncio, sys

    async def work():
        secret = "local variables are never shown"
        raise ValueError("lost")

    async def main():
        asyncio.create_task(work(), name="job")  # line 9
        await asyncio.sleep(0.05)

    if __name__ == "__main__":
        asyncio.run(main())
        print("arguments", sys.argv[1:])
"""


def test_a_report_and_a_summary(launch: Launch) -> None:
    ended = launch(LOSES, *RUN, arguments=("--one", "two"))
    assert ended.code == 0
    assert ended.out == "arguments ['--one', 'two']\n"
    for part in (
        "task 'job' (work) failed",
        "app.py:9 in main",
        "ValueError: lost",
        "dropped-task",
        "heard: 1 failure was lost",
    ):
        assert part in ended.err
    assert "never shown" not in ended.err.replace('"local variables are never shown"', "")
    assert "Task exception was never retrieved" not in ended.err


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import sys; sys.exit('said at the end')", 1),
        ("raise KeyError('from the program')", 1),
        ("print('fine')", 0),
        ("import os; os._exit(7)", 7),
        ("this is no Python", 1),
    ],
)
def test_the_exit_code_and_the_output_are_the_program_s_own(launch: Launch, source: str, code: int) -> None:
    plain, monitored = launch(source), launch(source, *RUN)
    assert monitored.code == plain.code == code
    assert monitored.out == plain.out
    assert monitored.err == plain.err


#: What a handler of the program's sees of who calls it, and what is said of a task that ends the program.
STACKS = """
    import asyncio, sys, traceback

    def show(who):
        names = [frame.name for frame in traceback.extract_stack()]
        print(who, names[names.index("run_forever"):])

    async def fail():
        raise ValueError("told")

    async def end():
        sys.exit(3)

    class Loop(asyncio.SelectorEventLoop):
        def call_exception_handler(self, context):
            show("method")
            super().call_exception_handler(context)

    class Last:
        def __del__(self):
            print("the module goes")

    last = Last()

    async def lose():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: show(context["message"]))
        loop.call_soon(lambda: 1 / 0)
        asyncio.create_task(fail())
        await asyncio.sleep(0.01)
        loop.call_exception_handler({"message": "by hand"})

    async def end_all():
        global kept
        kept = asyncio.create_task(end())
        await asyncio.sleep(60)

    asyncio.run(lose())
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(lose())
    asyncio.run(end_all())
"""


def test_stacks_and_ends_are_the_program_s_own(launch: Launch) -> None:
    plain, monitored = launch(STACKS), launch(STACKS, *RUN)
    assert monitored.code == plain.code == 3
    assert monitored.out == plain.out
    assert "the module goes" in plain.out
    *_, behind_the_summary = monitored.err.partition("unfinished\n")
    assert plain.err and "launch" not in behind_the_summary
    if sys.version_info >= (3, 12):
        # Before, an exception does not know the last lines that it came through, until somebody catches it.
        assert behind_the_summary == plain.err


CALLBACK = """
    import asyncio

    async def main():
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)

    asyncio.run(main())
"""


COLLECTED = """
    import asyncio, gc

    async def wait():
        await asyncio.get_running_loop().create_future()

    async def main():
        asyncio.create_task(wait())
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(main())
"""
NEVER_AWAITED = """
    async def send():
        pass

    send()
"""


def test_strict(launch: Launch) -> None:
    assert launch(LOSES, *RUN, "--strict").code == 1
    for lossy in (CALLBACK, COLLECTED, NEVER_AWAITED):
        ended = launch(lossy, *RUN, "--strict")
        assert "[lost]" in ended.err
        assert ended.code == 1
    assert launch("print('fine')", *RUN, "--strict").code == 0
    assert launch(LOSES + "        sys.exit(5)\n", *RUN, "--strict").code == 5


def test_json_lines(launch: Launch, tmp_path: Path) -> None:
    launch(LOSES, *RUN, "--json", str(tmp_path / "failures.jsonl"))
    launch(LOSES, *RUN, "--json", str(tmp_path / "failures.jsonl"))
    records = [json.loads(line) for line in (tmp_path / "failures.jsonl").read_text().splitlines()]
    assert len(records) == 2
    assert records[0]["id"] != records[1]["id"]
    record = records[0]
    assert (record["v"], record["event"], record["rule"], record["verdict"]) == (
        1,
        "task-failed",
        "dropped-task",
        "lost",
    )
    assert (record["task"], record["coroutine"]) == ("job", "work")
    assert (record["exception"]["type"], record["exception"]["message"]) == ("ValueError", "lost")
    assert record["exception"]["traceback"][-1]["function"] == "work"
    assert (record["born"][0]["line"], record["born"][0]["function"]) == (9, "main")


@pytest.mark.parametrize("name", ["ValueError", "work", "job"])
def test_ignore(launch: Launch, name: str) -> None:
    ended = launch(LOSES, *RUN, "--ignore", name)
    assert ended.err == "heard: 1 was ignored\n"


def test_a_module(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import sys; print(__name__, __package__, sys.argv[1:])")
    assert launch("", *RUN, "-m", "package").out.startswith("__main__ package")


def test_the_module_main_is_the_program(launch: Launch) -> None:
    source = """
        import __main__, pickle, sys, os
        class Thing: pass
        assert type(pickle.loads(pickle.dumps(Thing()))) is Thing
        assert __main__.Thing is Thing and __file__ == __main__.__file__
        assert os.path.samefile(sys.path[0], os.path.dirname(__file__))
        print(__name__, __spec__, sorted(set(dir(__main__)) - {"Thing", "pickle", "sys", "os", "__main__"}))
    """
    assert launch(source, *RUN).out == launch(source).out


def test_origins(launch: Launch) -> None:
    source = """
        import asyncio

        async def forgotten(): ...

        def make():
            return forgotten()  # line 7

        async def main():
            kept = [make()]
            await asyncio.sleep(0)
            kept.clear()

        asyncio.run(main())
    """
    ended = launch(source, *RUN, "--origins", "2")
    assert "app.py:7 in make" in ended.err
    assert "1 coroutine was never awaited" in ended.err

    born = launch(source, *RUN, PYTHONASYNCIODEBUG="1").err.partition("  why ")[0]
    assert "app.py:7 in make" in born
    # Of all that asyncio keeps then, the frames of the loop are nobody's.
    assert "events.py" not in born


def test_python_still_warns_of_every_place_that_lost_a_coroutine(launch: Launch) -> None:
    source = """
        async def forgotten(): ...

        def one():
            forgotten()  # line 5

        def two():
            forgotten()  # line 8

        one()
        two()
    """
    ended = launch(source, *RUN)
    assert "app.py:5: RuntimeWarning" in ended.err
    assert "app.py:8: RuntimeWarning" in ended.err


def test_what_is_unread_at_the_end_is_lost(launch: Launch) -> None:
    source = """
        import asyncio
        kept = []
        async def work():
            raise ValueError("kept")
        async def main():
            kept.append(asyncio.create_task(work()))
            await asyncio.sleep(0)
        asyncio.run(main())
    """
    ended = launch(source, *RUN, "--strict")
    assert "the program has ended, and nobody has read it" in ended.err
    assert "1 failure was lost" in ended.err
    assert ended.code == 1


def test_what_is_read_at_the_end_is_not(launch: Launch) -> None:
    source = """
        import asyncio, threading
        kept = []
        async def work():
            raise ValueError("kept")
        async def main():
            kept.append(asyncio.create_task(work()))
            await asyncio.sleep(0)
        asyncio.run(main())
        def read():
            threading.main_thread().join()
            kept[0].exception()
        threading.Thread(target=read).start()
    """
    ended = launch(source, *RUN, "--strict", "--grace", "60")
    assert (ended.code, ended.err) == (0, "")


def test_a_storm_is_summed_up(launch: Launch, tmp_path: Path) -> None:
    source = """
        import asyncio
        async def work(number):
            raise ValueError(number)
        async def main():
            for number in range(2000):
                asyncio.create_task(work(number))
            for _ in range(10):
                await asyncio.sleep(0)
        asyncio.run(main())
    """
    ended = launch(source, *RUN, "--json", str(tmp_path / "storm.jsonl"))
    assert "2000 failures were lost" in ended.err
    assert len(ended.err) < 10_000
    records = [json.loads(line) for line in (tmp_path / "storm.jsonl").read_text().splitlines()]
    assert len(records) + sum(record["repeated"] - bool(record["repeated"]) for record in records) == 2000


def test_logging_that_is_configured_is_used(launch: Launch) -> None:
    source = "import logging; logging.basicConfig(format='LOG %(levelname)s %(name)s %(message)s')\n"
    ended = launch("\n" + "    " + source + LOSES, *RUN)
    assert "LOG ERROR heard heard: [lost] task 'job'" in ended.err


def test_children_are_monitored(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(
        "import asyncio\nasync def boom(): raise ValueError('in the child')\n"
        "async def main():\n  asyncio.create_task(boom())\n  await asyncio.sleep(0.05)\n"
        "asyncio.run(main())\n"
    )
    source = """
        import subprocess, sys
        sys.exit(subprocess.run([sys.executable, "child.py"]).returncode)
    """
    ended = launch(source, *RUN)
    assert "[lost]" in ended.err and "in the child" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore")
def test_a_fork_reports_its_own_failures_only(launch: Launch, tmp_path: Path) -> None:
    source = """
        import asyncio, os, pathlib
        kept = []
        async def work(where):
            raise ValueError(where)
        async def main(where):
            kept.append(asyncio.create_task(work(where)))
            # Until it is reported as unread.
            while f'"{where}"' not in pathlib.Path("fork.jsonl").read_text():
                await asyncio.sleep(0.01)
        asyncio.run(main("parent"))
        child = os.fork()
        if child == 0:
            asyncio.run(main("child"))
        else:
            os.waitpid(child, 0)
    """
    ended = launch(source, "-W", "error", *RUN, "--grace", "0.1", "--json", str(tmp_path / "fork.jsonl"))
    assert ended.code == 0, ended.err
    records = [json.loads(line) for line in (tmp_path / "fork.jsonl").read_text().splitlines()]
    said = sorted((record["exception"]["message"], record["verdict"], len({record["process"]})) for record in records)
    assert said == [
        ("child", "escalated", 1),
        ("child", "unread", 1),
        ("parent", "escalated", 1),
        ("parent", "unread", 1),
    ]
    assert len({record["process"] for record in records}) == 2


def test_the_place_of_the_program_stays_right_in_another_directory(launch: Launch) -> None:
    source = """
        import os, pathlib
        os.chdir("/")
        print(pathlib.Path(__file__).read_text().count("chdir"))
    """
    plain, monitored = launch(source), launch(source, *RUN)
    assert (monitored.out, monitored.err) == (plain.out, plain.err) == ("2\n", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--grace", "nan"), "grace is a number of seconds, 0 or more, not nan"),
        (("--grace", "-1"), "grace is a number of seconds, 0 or more, not -1.0"),
        (("--origins", "-1"), "origins is a number of frames, 0 or more, not -1"),
        (("--json", "/no/such/folder/records"), "cannot write to /no/such/folder/records: No such file or directory"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_program_starts(
    launch: Launch, options: tuple[str, ...], words: str
) -> None:
    ended = launch("print('started')", *RUN, *options)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_a_fork_while_another_thread_reports(launch: Launch) -> None:
    ended = launch(
        """
        import asyncio, os, threading
        from heard.monitor import install

        async def work():
            raise ValueError("lost in the child")

        async def main():
            asyncio.create_task(work())
            await asyncio.sleep(0.01)

        def report(held, forked):
            with install.current().reporter.lock:
                held.set()
                forked.wait()

        held, forked = threading.Event(), threading.Event()
        threading.Thread(target=report, args=(held, forked)).start()
        held.wait()
        child = os.fork()
        if child == 0:
            asyncio.run(main())
            os._exit(0)
        forked.set()
        print(os.waitpid(child, 0)[1])
        """,
        *RUN,
    )
    assert ended.out == "0\n"
    assert "lost in the child" in ended.err
