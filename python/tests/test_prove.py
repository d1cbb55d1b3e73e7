"""`python -m heard prove` on small projects: which findings their tests prove, and what else it says of them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

from heard.testing.faults.findings import check

PROGRAM = '''
import asyncio, logging

log = logging.getLogger("program")


async def fetch():
    await asyncio.sleep(0)


async def dropped():
    asyncio.ensure_future(fetch())
    await asyncio.sleep(0.01)


async def kept():
    task = asyncio.ensure_future(fetch())
    await asyncio.sleep(0.01)
    return task


async def muted():
    try:
        await fetch()
    except Exception:
        log.debug("no page")


async def told():
    try:
        await fetch()
    except Exception:
        log.warning("no page", exc_info=True)


async def guarded():
    async def careful():
        try:
            await fetch()
        except ConnectionError:
            pass
        except RuntimeError:
            pass

    task = asyncio.ensure_future(careful())
    await asyncio.sleep(0.01)
    return task


async def try_to_fetch():
    try:
        await fetch()
    except Exception:
        return None


async def guarded_below():
    task = asyncio.ensure_future(calls_it())
    await asyncio.sleep(0.01)
    return task


async def calls_it():
    await try_to_fetch()


async def read_late():
    task = asyncio.ensure_future(fetch())
    await asyncio.sleep(0.01)
    await task


def take(task):
    if not task.cancelled():
        task.exception()


async def called_back():
    task = asyncio.ensure_future(fetch())
    task.add_done_callback(take)
    await asyncio.sleep(0.01)


async def never():
    fetch()


async def unreached():
    asyncio.ensure_future(fetch())


async def siblings():
    try:
        await asyncio.gather(fetch(), fetch())
    except Exception:
        log.warning("no pages", exc_info=True)
'''

#: A test of each function but the one that is not reached.
TESTS = "import asyncio, pytest, program\n" + "".join(
    f"def test_{name}(): asyncio.run(program.{name}())\n"
    for name in (
        "dropped", "kept", "muted", "told", "guarded", "guarded_below",
        "read_late", "called_back", "never", "siblings",
    )
)


def finding(rule: str, statement: str, within: str) -> dict[str, typing.Any]:
    """A finding at the first statement of this text in a function, as `heard check` writes it."""
    lines = PROGRAM.splitlines()
    start = next(number for number, line in enumerate(lines) if f"def {within}(" in line)
    line = next(number for number in range(start, len(lines)) if statement in lines[number]) + 1
    return {
        "rule": rule,
        "level": "default",
        "message": f"{within} loses it",
        "path": "program.py",
        "line": line,
        "column": 5,
        "end_line": line,
        "end_column": 20,
        "trace": [],
        "help": "",
        "fix": None,
        "fingerprint": f"{rule}-{within}",
        "url": None,
    }


@dataclasses.dataclass
class Ran:
    """How the command ended."""

    code: int
    out: str
    err: str

    def proofs(self) -> dict[str, dict[str, typing.Any]]:
        return {proof["message"].partition(" ")[0]: proof for proof in json.loads(self.out)["findings"]}


Prove = Callable[..., Ran]


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    """Writes a project and what `heard check` finds there, and proves it."""

    def prove(
        findings: object, *arguments: str, tests: str = TESTS, name: str = "findings.json", stdin: bool = False
    ) -> Ran:
        (tmp_path / "program.py").write_text(PROGRAM)
        (tmp_path / "test_program.py").write_text(tests)
        document = {"version": 1, "files": 1, "findings": findings} if isinstance(findings, list) else findings
        (tmp_path / name).write_text(document if isinstance(document, str) else json.dumps(document))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTEST"))}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "heard.pytest_plugin"}
        command = [sys.executable, "-B", "-m", "heard", "prove", "-" if stdin else name, *arguments]
        with open(tmp_path / name) as file:
            process = subprocess.run(
                command,
                cwd=tmp_path,
                env=environment,
                stdin=file,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        return Ran(process.returncode, process.stdout, process.stderr)

    return prove


def test_verdicts(prove: Prove) -> None:
    findings = [
        finding("dropped-task", "ensure_future", "dropped"),
        finding("unread-task", "ensure_future", "kept"),
        finding("muted-failure", "except Exception", "told"),
        finding("unread-task", "ensure_future(careful", "guarded"),
        finding("unread-task", "ensure_future(calls_it", "guarded_below"),
        finding("late-task", "ensure_future", "read_late"),
        finding("muted-callback", "task.exception()", "take"),
        finding("unawaited-coroutine", "fetch()", "never"),
        finding("dropped-task", "ensure_future", "unreached"),
        finding("lost-sibling-failure", "gather", "siblings"),
    ]
    ran = prove(findings, "--output-format=json")
    assert ran.code == 1, ran.err
    assert {name: (proof["verdict"], proof["test"]) for name, proof in ran.proofs().items()} == {
        "dropped": ("proved", "test_program.py::test_dropped"),
        "kept": ("proved", "test_program.py::test_kept"),
        "told": ("heard", "test_program.py::test_told"),
        "guarded": ("not reached", "test_program.py::test_guarded"),
        "guarded_below": ("not reached", "test_program.py::test_guarded_below"),
        "read_late": ("not reached", "test_program.py::test_read_late"),
        "take": ("proved", "test_program.py::test_called_back"),
        "never": ("proved", "test_program.py::test_never"),
        "unreached": ("not reached", None),
        "siblings": ("proved", "test_program.py::test_siblings"),
    }
    document = json.loads(ran.out)
    assert (document["proved"], document["heard"], document["not_reached"]) == (5, 1, 4)
    dropped = ran.proofs()["dropped"]
    assert dropped["failure"] == "RuntimeError"
    assert dropped["point"]["place"] == {"path": "program.py", "line": 8, "function": "fetch"}
    assert "nobody holds it any more" in dropped["detail"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.11 does not tell where an exception is handled")
def test_the_handler_of_a_finding_swallows(prove: Prove) -> None:
    """What `logging` raises and handles for itself in the handler does not hide where the failure ends."""
    found = finding("muted-failure", "except Exception", "muted")
    proof = prove([found], "--output-format=json").proofs()["muted"]
    assert (proof["verdict"], proof["detail"]) == ("proved", f"swallowed in muted, line {found['line']}")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer Pythons tell where an exception is handled")
def test_python_that_does_not_tell_handlers_says_so(prove: Prove) -> None:
    proof = prove([finding("muted-failure", "except Exception", "muted")], "--output-format=json").proofs()["muted"]
    assert (proof["verdict"], "3.11" in proof["detail"]) == ("not reached", True)


def test_the_witness_is_what_fails(prove: Prove) -> None:
    """The line that the finding names fails, and not what else there is."""
    line = PROGRAM.splitlines().index("    await asyncio.sleep(0)") + 1
    witness = {"path": "program.py", "line": line, "column": 5, "source": "asyncio.sleep(0)", "weight": "heavy"}
    found = finding("dropped-task", "ensure_future", "dropped") | {"witness": witness}
    point = prove([found], "--output-format=json").proofs()["dropped"]["point"]
    assert point["place"]["line"] == line


def test_text_for_a_person(prove: Prove) -> None:
    ran = prove([finding("dropped-task", "ensure_future", "dropped"), finding("muted-failure", "except", "told")])
    assert ran.out.startswith("proved: program.py:12: [dropped-task] dropped loses it\n")
    assert "  test   test_program.py::test_dropped\n" in ran.out
    assert "  so     the finding is wrong then: please report it" in ran.out
    assert ran.out.endswith("2 findings: 1 proved, 1 heard, 0 not reached\n")


def test_sarif_in_and_out(prove: Prove, tmp_path: Path) -> None:
    """A log of the analyser's comes back with a property."""
    found = finding("dropped-task", "ensure_future", "dropped")
    region = {"startLine": found["line"], "startColumn": 5, "endLine": found["line"], "endColumn": 20}
    result = {
        "ruleId": found["rule"],
        "message": {"text": found["message"]},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "program.py"}, "region": region}}],
        "partialFingerprints": {"heard/v1": "f1"},
    }
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "heard"}}, "results": [result]}]}
    ran = prove(log, "--output-format=sarif", "--output-file=out.sarif", name="in.sarif")
    assert (ran.code, ran.out) == (1, ""), ran.err
    told = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"][0]
    proof = told.pop("properties")["proof"]
    assert told == result
    assert (proof["verdict"], proof["failure"]) == ("proved", "RuntimeError")


def test_a_copy_that_the_tests_run_is_named(prove: Prove, tmp_path: Path) -> None:
    for folder in ("src", "installed"):
        package = tmp_path / folder / "shop"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "work.py").write_text(PROGRAM)
    tests = "import sys; sys.path.insert(0, 'installed')\nimport shop.work\ndef test_it(): pass\n"
    found = finding("dropped-task", "ensure_future", "dropped") | {"path": "src/shop/work.py"}
    proof = prove([found], "--output-format=json", tests=tests).proofs()["dropped"]
    copy = os.path.join("installed", "shop", "work.py")
    assert (proof["verdict"], proof["detail"]) == ("not reached", f"the tests run another copy of this file: {copy}")


def test_findings_on_standard_input(prove: Prove) -> None:
    ran = prove([finding("dropped-task", "ensure_future", "dropped")], stdin=True)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 finding: 1 proved, 0 heard, 0 not reached")


def test_nothing_is_proved(prove: Prove) -> None:
    ran = prove([finding("dropped-task", "ensure_future", "unreached")])
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "1 finding: 0 proved, 0 heard, 1 not reached")
    assert prove([]).code == 0


@pytest.mark.skipif(os.name == "nt", reason="the program is a script of the shell")
def test_what_is_asked_of_the_program_includes_the_findings_of_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "heard"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("HEARD_PROGRAM", str(program))
    assert check(str(tmp_path)) == "check --output-format json --level strict --no-baseline --exit-zero -q .\n"


def test_arguments_for_pytest(prove: Prove) -> None:
    findings = [finding("dropped-task", "ensure_future", "dropped"), finding("unread-task", "ensure_future", "kept")]
    proofs = prove(findings, "--output-format=json", "--", "-k", "kept").proofs()
    assert [proofs[name]["verdict"] for name in ("dropped", "kept")] == ["not reached", "proved"]


def test_a_test_that_fails_by_itself_is_told(prove: Prove) -> None:
    tests = "import asyncio, program\ndef test_it():\n    asyncio.run(program.dropped())\n    assert False, 'as ever'\n"
    ran = prove([finding("dropped-task", "ensure_future", "dropped")], tests=tests)
    assert ran.code == 0
    assert "no failure was injected into test_program.py::test_it, which does not pass by itself: call: " in ran.out


@pytest.mark.parametrize(
    ("findings", "arguments", "said"),
    [
        ("no JSON", [], "this is no document of `heard check --output-format json`"),
        ([finding("dropped-task", "ensure_future", "dropped")], ["--", "no_such_test.py"], "no_such_test.py"),
        ({"version": "2.1.0", "runs": [{"results": [{}]}]}, [], "this is no SARIF of `heard check`"),
    ],
)
def test_what_cannot_be_done_is_an_error(prove: Prove, findings: object, arguments: list[str], said: str) -> None:
    ran = prove(findings, *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_a_file_that_is_not_there(prove: Prove, tmp_path: Path) -> None:
    prove([])
    command = [sys.executable, "-m", "heard", "prove", "nowhere.json"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (process.returncode, process.stderr) == (2, "error: nowhere.json: No such file or directory\n")
