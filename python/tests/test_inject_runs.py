"""`pytest --heard-inject` on small suites: which failures are injected, and who hears each."""

from __future__ import annotations

import json
import textwrap
import typing
from collections.abc import Callable
from pathlib import Path

import pytest
from suites import Suite, suite  # noqa: F401 - a fixture

#: The program of every suite below.
PROGRAM = '''
import asyncio, logging

log = logging.getLogger("program")


async def fetch():
    await asyncio.sleep(0)
    return 1


async def dropped():
    asyncio.ensure_future(fetch())
    await asyncio.sleep(0.01)


async def muted():
    try:
        await fetch()
    except Exception:
        pass


async def logged():
    try:
        await fetch()
    except OSError as error:
        log.warning("no page: %s", error)


async def whispered():
    try:
        await fetch()
    except OSError as error:
        log.info("no page: %s", error)


async def gathered():
    await asyncio.gather(fetch(), return_exceptions=True)


def count_it(error):
    pass


async def counted():
    try:
        await fetch()
    except OSError as error:
        count_it(error)


async def told():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    task = asyncio.ensure_future(fetch())
    await asyncio.sleep(0.01)
    del task


async def passed_on():
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(fetch())

    def done(task):
        if task.exception() is not None:
            loop.call_exception_handler({"message": "no page", "exception": task.exception()})

    task.add_done_callback(done)
    await asyncio.sleep(0.01)


async def spawned():
    import heard

    heard.spawn(fetch())
    await asyncio.sleep(0.01)


async def stands():
    try:
        await fetch()
    except OSError:
        await asyncio.Event().wait()


async def items():
    yield 1
    await asyncio.sleep(0)
    yield 2


async def summed():
    return sum([item async for item in items()])


async def grouped():
    async with asyncio.TaskGroup() as group:
        group.create_task(fetch())
        group.create_task(fetch())


async def kept_going():
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        pass
'''

Rows = list[dict[str, typing.Any]]


@pytest.fixture
def injected(suite: Suite, tmp_path: Path) -> Callable[..., dict[str, typing.Any]]:  # noqa: F811
    """Runs tests of the program with failures, and gives the document."""

    def injected(source: str, *arguments: str, **others: typing.Any) -> dict[str, typing.Any]:
        (tmp_path / "program.py").write_text(PROGRAM)
        ran = suite(
            "import program\n" + textwrap.dedent(source), "--heard-inject", "--heard-inject-json=out.json", *arguments, **others
        )
        assert ran.code == 0, ran.text
        document: dict[str, typing.Any] = json.loads((tmp_path / "out.json").read_text())
        document["text"] = ran.text
        return document

    return injected


def verdicts(document: dict[str, typing.Any]) -> set[tuple[str, str, str]]:
    """Of each function: how it was made to fail, and what came of that."""
    rows = document["results"]
    return {(row["point"]["place"]["function"], row["point"]["kind"], row["verdict"]) for row in rows}


def runs(name: str) -> str:
    return f"def test():\n    asyncio.run(program.{name}())\n"


#: What becomes of a failure of `fetch` in each function of the program.
FATES = {
    "dropped": "survived",
    "muted": "survived",
    "logged": "heard",
    "whispered": "survived",
    "gathered": "survived",
    "counted": "survived",
    "told": "heard",
    "passed_on": "heard",
    "spawned": "heard",
    "grouped": "heard",
}


@pytest.mark.parametrize("name", FATES)
def test_who_hears_a_failure(injected: Callable[..., dict[str, typing.Any]], name: str) -> None:
    document = injected(runs(name))
    kind = "task" if name in ("dropped", "gathered", "told", "passed_on", "spawned", "grouped") else "call"
    wanted = {("fetch", kind, FATES[name]), ("fetch", "await", FATES[name])}
    assert {row for row in verdicts(document) if row[0] == "fetch"} == wanted
    assert (name, "task", "heard") in verdicts(document), "the test fails with what it runs itself"
    assert document["survived"] == sum(row["verdict"] == "survived" for row in document["results"])


def test_a_test_that_does_not_end_is_a_failure_that_is_heard(injected: Callable[..., dict[str, typing.Any]]) -> None:
    impatient = "from heard.testing.pytest.faults import isolation\nisolation._PATIENCE = 1.0\n"
    document = injected(impatient + runs("stands"))
    ends = {row["detail"] for row in document["results"] if row["point"]["place"]["function"] == "fetch"}
    assert ends == {"the test, which does not end"}


def test_where_a_failure_comes_from_and_ends(injected: Callable[..., dict[str, typing.Any]]) -> None:
    document = injected(runs("dropped") + runs("muted").replace("test", "test_muted"))
    lines = PROGRAM.splitlines()
    rows = [row for row in document["results"] if row["verdict"] == "survived" and row["point"]["kind"] != "await"]
    [dropped, muted] = sorted(rows, key=lambda row: row["point"]["kind"], reverse=True)
    assert lines[dropped["point"]["by"]["line"] - 1].strip() == "asyncio.ensure_future(fetch())"
    assert dropped["detail"].startswith("lost: ")
    assert lines[muted["point"]["by"]["line"] - 1].strip() == "await fetch()"
    assert muted["point"]["place"]["path"] == "program.py"
    assert "test_it.py::test_muted" in document["text"]
    assert "survived lost: " in document["text"]


def test_a_function_that_the_project_says_to_hear(
    injected: Callable[..., dict[str, typing.Any]], tmp_path: Path
) -> None:
    document = injected(runs("counted"), ini="heard_inject_handlers = program.count_it")
    assert {row for row in verdicts(document) if row[0] == "fetch"} == {
        ("fetch", "call", "heard"),
        ("fetch", "await", "heard"),
    }
    (tmp_path / "pyproject.toml").write_text('[tool.heard]\nhandled-by = ["program.count_it"]\n')
    assert injected(runs("counted"))["survived"] == 0


def test_async_generators_fail_too(injected: Callable[..., dict[str, typing.Any]]) -> None:
    wanted = {("items", "call", "heard"), ("items", "await", "heard"), ("summed", "task", "heard")}
    assert verdicts(injected(runs("summed"))) == wanted


def test_what_a_test_runs_itself_is_apart(injected: Callable[..., dict[str, typing.Any]]) -> None:
    document = injected(
        """
        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                await asyncio.sleep(0)

            async def test(self):
                await asyncio.sleep(0)
                await program.muted()
        """
    )
    assert {row[:2] for row in verdicts(document)} == {("muted", "call"), ("fetch", "call"), ("fetch", "await")}


def test_other_failures(injected: Callable[..., dict[str, typing.Any]]) -> None:
    cancelled = injected(runs("kept_going"), "--heard-inject-failure=cancel")
    assert verdicts(cancelled) == {("kept_going", "task", "heard"), ("kept_going", "await", "survived")}
    late = injected(runs("logged"), "--heard-inject-failure=timeout")
    assert late["survived"] == 0
    own = injected(runs("logged"), "--heard-inject-failure=LookupError")
    assert own["survived"] == 0
    assert {row["failure"] for row in own["results"]} == {"LookupError"}


def test_only_tests_that_pass_are_run_again(injected: Callable[..., dict[str, typing.Any]]) -> None:
    document = injected(
        """
        @pytest.mark.xfail
        def test_expected():
            asyncio.run(program.muted())
            raise Lost

        def test_skipped():
            asyncio.run(program.muted())
            pytest.skip()

        state = []

        def test_once():
            asyncio.run(program.muted())
            state.append(1)
            assert len(state) == 1

        def test():
            asyncio.run(program.muted())
        """
    )
    assert {row["test"] for row in document["results"]} == {"test_it.py::test"}
    assert list(document["unrepeatable"]) == ["test_it.py::test_once"]
    assert "test_once, which does not pass when it runs alone" in document["text"]


ISOLATED = """
state = []

@pytest.fixture(scope="session", autouse=True)
def begins_anew():
    state.append(1)

def test():
    assert len(state) <= 3
    asyncio.run(program.muted())
    state.append(1)
"""


@pytest.mark.parametrize("arguments", [[], ["--heard-inject-fresh"]])
def test_no_run_leaves_anything_to_the_next(
    injected: Callable[..., dict[str, typing.Any]], arguments: list[str]
) -> None:
    """The first run leaves two entries, so the fixture adds a third where it is forked: all begin alike."""
    document = injected(ISOLATED, *arguments)
    assert {(row["point"]["place"]["function"], row["verdict"]) for row in document["results"]} == {
        ("muted", "heard"),
        ("fetch", "survived"),
    }


def test_budgets_leave_out_what_is_known_already(injected: Callable[..., dict[str, typing.Any]]) -> None:
    source = runs("muted") + runs("muted").replace("test", "test_again")
    everything = injected(source)
    assert len(everything["results"]) == 6
    limited = injected(source, "--heard-inject-limit=3")
    assert len(limited["results"]) == len({json.dumps(row["point"]) for row in limited["results"]}) == 3
    assert limited["left_out"] == 3
    assert injected(source, "--heard-inject-time=0")["results"] == []


def test_the_order_is_always_the_same(injected: Callable[..., dict[str, typing.Any]]) -> None:
    source = runs("dropped") + runs("grouped").replace("test", "test_group") + "\n\nimport random\n"
    first, second = (
        [(row["test"], row["point"], row["verdict"]) for row in injected(source)["results"]] for _ in range(2)
    )
    assert first == second


def test_a_part_of_the_program_is_selected(injected: Callable[..., dict[str, typing.Any]]) -> None:
    for pattern in ("program:fetch", "fetch", "program.py"):
        document = injected(runs("muted"), f"--heard-inject-select={pattern}")
        names = {row["point"]["place"]["function"] for row in document["results"]}
        assert names == ({"fetch", "muted"} if pattern == "program.py" else {"fetch"})
    assert injected(runs("muted"), "--heard-inject-select=nothing")["results"] == []


def test_the_workers_of_xdist_inject(injected: Callable[..., dict[str, typing.Any]]) -> None:
    source = runs("dropped") + runs("muted").replace("test", "test_muted")
    alone = injected(source)
    assert [row["point"] for row in injected(source, "-n2", plugins=["xdist"])["results"]] == [
        row["point"] for row in alone["results"]
    ]


def test_a_page_has_the_source(injected: Callable[..., dict[str, typing.Any]], tmp_path: Path) -> None:
    injected(runs("muted"), "--heard-inject-html=out.html")
    page = (tmp_path / "out.html").read_text()
    assert "<mark>" in page
    assert "except Exception:" in page
    assert "test_it.py::test" in page
    assert "<summary>1 test</summary>" in page


FINDINGS = """#!/bin/sh
cat <<'END'
{"version":1,"files":1,"findings":[
{"rule":"dropped-task","level":"default","message":"it is dropped","path":"program.py","line":LINE,"column":5,
"end_line":LINE,"end_column":35,"trace":[],"help":"","fix":null,"fingerprint":"f1","url":null},
{"rule":"muted-failure","level":"strict","message":"it is muted","path":"program.py","line":1,"column":1,
"end_line":1,"end_column":9,"trace":[],"help":"","fix":null,"fingerprint":"f2","url":null}]}
END
"""


def test_a_survivor_leads_to_the_finding(
    injected: Callable[..., dict[str, typing.Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = PROGRAM.splitlines().index("    asyncio.ensure_future(fetch())") + 1
    program = tmp_path / "bin" / "heard"
    program.parent.mkdir()
    program.write_text(FINDINGS.replace("LINE", str(line)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    document = injected(runs("dropped"))
    assert {row["finding"] for row in document["results"] if row["verdict"] == "survived"} == {"f1"}
    assert document["proved"] == ["f1"]
    assert document["findings"] == 2
    assert "check    dropped-task: it is dropped" in document["text"]
    assert "2 findings: 1 proved" in document["text"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--heard=off"], "heard may not be off"),
        (["--heard-inject-failure=NoSuchError"], "NoSuchError is no exception"),
        (["--heard-inject-failure=nowhere.Error"], "No module named 'nowhere'"),
        (["--heard-inject-limit=many"], "many is no number of failures"),
        (["--heard-inject-time=-1"], "-1 is no number of seconds"),
        (["--heard-inject-json=nowhere/out.json"], "nowhere/out.json cannot be written: No such file"),
    ],
)
def test_what_cannot_be_asked(suite: Suite, arguments: list[str], said: str) -> None:  # noqa: F811
    ran = suite("def test(): pass\n", "--heard-inject", *arguments)
    assert ran.code == 4
    assert said in ran.text
    assert "Traceback" not in ran.text
