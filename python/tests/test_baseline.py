"""The baseline of the pytest plugin: losses that a suite is known to have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from suites import Suite, suite  # noqa: F401 - a fixture

ONE_LOSS = """
    def test():
        async def main():
            asyncio.ensure_future(boom())
            await turn()
        asyncio.run(main())
    """
NO_LOSS = ONE_LOSS.replace("asyncio.ensure_future(boom())", "pass")
OTHER = """
    def test_other():
        pass
    """
TAKES_OUT = "--heard-prune-baseline takes them out"


def known(tmp_path: Path) -> list[tuple[str, int]]:
    losses = json.loads((tmp_path / "known.json").read_text())["losses"]
    return [(row["test"], row["count"]) for row in losses]


def test_a_baseline_keeps_known_losses_quiet(suite: Suite, tmp_path: Path) -> None:
    written = suite(ONE_LOSS, "--heard-write-baseline=known.json")
    assert written.outcomes() == {"test": "passed"}, written.text
    [row] = json.loads((tmp_path / "known.json").read_text())["losses"]
    assert (row["test"], row["coroutine"], row["count"]) == ("test_it.py::test", "boom", 1)
    assert suite(ONE_LOSS, "--heard-baseline=known.json").outcomes() == {"test": "passed"}
    twice = ONE_LOSS.replace("await turn()", "asyncio.ensure_future(boom())\n            await turn()")
    assert suite(twice, "--heard-baseline=known.json").outcomes() == {"test": "failed"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("no json", "is no baseline of heard"),
        ("[]", "is no baseline of heard"),
        ('{"version": 1, "losses": [{}]}', "is no baseline of heard"),
        ('{"version": 1, "losses": [{"test": [], "rule": "", "coroutine": "", "exception": "", "count": 1}]}', "is no"),
        ('{"version": 1, "losses": [{"test": "", "rule": "", "coroutine": "", "exception": "", "count": "1"}]}', "'1'"),
        ('{"version": 99, "losses": []}', "is of version 99"),
    ],
)
def test_a_bad_baseline_is_a_clear_error(content: str | None, says: str, suite: Suite, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "known.json").write_text(content)
    ran = suite(ONE_LOSS, "--heard-baseline=known.json")
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert says in ran.text
    assert "known.json" in ran.text
    assert "Traceback" not in ran.text


def test_a_baseline_that_cannot_be_written_is_a_clear_error(suite: Suite) -> None:
    ran = suite(ONE_LOSS, "--heard-write-baseline=missing/known.json")
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert "--heard-write-baseline: missing/known.json cannot be written" in ran.text
    assert "Traceback" not in ran.text


@pytest.mark.parametrize(
    ("source", "arguments", "code"),
    [
        (ONE_LOSS, ["mistyped.py"], pytest.ExitCode.USAGE_ERROR),
        (ONE_LOSS, ["-k", "nothing"], pytest.ExitCode.NO_TESTS_COLLECTED),
        (ONE_LOSS, ["--fixtures"], pytest.ExitCode.OK),
        (ONE_LOSS, ["--collect-only"], pytest.ExitCode.OK),
        (ONE_LOSS, ["--setup-plan"], pytest.ExitCode.OK),
        ("raise ValueError", [], pytest.ExitCode.INTERRUPTED),
        (ONE_LOSS + "    raise KeyboardInterrupt", [], pytest.ExitCode.INTERRUPTED),
        (ONE_LOSS + "    assert False\n" + OTHER, ["-x"], pytest.ExitCode.TESTS_FAILED),
    ],
)
@pytest.mark.parametrize("old", [None, '{"version": 1, "losses": []}'])
def test_a_run_that_has_not_run_the_tests_writes_nothing(
    source: str, arguments: list[str], code: int, old: str | None, suite: Suite, tmp_path: Path
) -> None:
    file = tmp_path / "known.json"
    if old is not None:
        file.write_text(old)
    ran = suite(source, "--heard-write-baseline=known.json", *arguments)
    assert ran.code == code, ran.text
    assert (file.read_text() if file.exists() else None) == old
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("known.json.")] == []
    assert "heard: wrote" not in ran.text


@pytest.mark.parametrize(
    ("source", "arguments", "stays"),
    [
        # Of two tests that lose nothing any more, those that this run can tell of.
        (NO_LOSS + OTHER, [], []),
        (NO_LOSS + OTHER, ["-n2"], []),
        (NO_LOSS + OTHER, ["-k", "other or new"], ["test"]),
        (NO_LOSS + OTHER, ["-k", "other or new", "-n2"], ["test"]),
        (NO_LOSS + OTHER, ["test_it.py::test_other"], ["test"]),
        (NO_LOSS + OTHER, ["--deselect=test_it.py::test_other"], ["test_other"]),
        (NO_LOSS.replace("pass", "pytest.skip('not here')") + OTHER, [], ["test"]),
        (NO_LOSS.replace("pass", "assert False") + OTHER, [], ["test"]),
        (NO_LOSS.replace("pass", "pytest.xfail('not yet')") + OTHER, [], ["test"]),
        (NO_LOSS.replace("pass", "assert False") + OTHER, ["-x"], ["test", "test_other"]),
        (NO_LOSS, [], []),
        (NO_LOSS, ["-k", "test"], []),
    ],
)
def test_a_baseline_that_is_written_once_more_keeps_what_the_run_cannot_tell_of(
    source: str, arguments: list[str], stays: list[str], suite: Suite, tmp_path: Path
) -> None:
    plugins = ["xdist"] if "-n2" in arguments else []
    suite(ONE_LOSS + ONE_LOSS.replace("test()", "test_other()"), "--heard-write-baseline=known.json")
    new = ONE_LOSS.replace("test()", "test_new()")
    ran = suite(source + new, "--heard-write-baseline=known.json", *arguments, plugins=plugins)
    comes_in = [] if arguments in (["-x"], ["test_it.py::test_other"]) else ["test_new"]
    names = [f"test_it.py::{name}" for name in sorted([*stays, *comes_in])]
    assert [test for test, _ in known(tmp_path)] == names, ran.text
    # What a test that is not told of was known to lose is still known.
    assert suite(ONE_LOSS, "--heard-baseline=known.json").code == ("test" not in stays)


def test_what_is_written_once_more_counts_each_loss_once(suite: Suite, tmp_path: Path) -> None:
    twice = ONE_LOSS.replace("await turn()", "asyncio.ensure_future(boom())\n            await turn()")
    for source, count in ((twice, 2), (twice, 2), (ONE_LOSS, 1), (twice, 2)):
        suite(source, "--heard-write-baseline=known.json")
        assert known(tmp_path) == [("test_it.py::test", count)]


def test_what_is_no_baseline_is_written_anew(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text("no json")
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("test_it.py::test", 1)]


def test_a_baseline_stays_what_it_is_to_the_system(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "known.json"
    kept.touch()
    kept.chmod(0o640)
    (tmp_path / "known.json").symlink_to(kept)
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("test_it.py::test", 1)]
    assert (tmp_path / "known.json").is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_what_no_longer_happens_is_told_and_taken_out(workers: list[str], suite: Suite, tmp_path: Path) -> None:
    plugins = ["xdist"] if workers else []
    two = ONE_LOSS + ONE_LOSS.replace("test()", "test_two()")
    written = suite(two, "--heard-write-baseline=known.json", *workers, plugins=plugins)
    assert "heard: wrote 2 known losses to known.json" in written.text
    assert known(tmp_path) == [("test_it.py::test", 1), ("test_it.py::test_two", 1)]
    mended = NO_LOSS + ONE_LOSS.replace("test()", "test_two()")
    told = suite(mended, "--heard-baseline=known.json", *workers, plugins=plugins)
    assert told.code == 0, told.text
    assert f"heard: 1 known loss of known.json did not happen (test_it.py::test); {TAKES_OUT}" in told.text
    pruned = suite(mended, "--heard-baseline=known.json", "--heard-prune-baseline", *workers, plugins=plugins)
    assert "heard: took 1 known loss out of known.json" in pruned.text
    assert known(tmp_path) == [("test_it.py::test_two", 1)]
    assert TAKES_OUT not in suite(mended, "--heard-baseline=known.json", *workers, plugins=plugins).text


def test_taking_out_takes_nothing_in(suite: Suite, tmp_path: Path) -> None:
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    other = NO_LOSS + ONE_LOSS.replace("test()", "test_new()")
    ran = suite(other, "--heard-baseline=known.json", "--heard-prune-baseline")
    assert ran.outcomes() == {"test": "passed", "test_new": "failed"}
    assert known(tmp_path) == []


def test_one_of_several_losses_that_no_longer_happens_is_taken_out(suite: Suite, tmp_path: Path) -> None:
    twice = ONE_LOSS.replace("await turn()", "asyncio.ensure_future(boom())\n            await turn()")
    suite(twice, "--heard-write-baseline=known.json")
    suite(ONE_LOSS, "--heard-baseline=known.json", "--heard-prune-baseline")
    assert known(tmp_path) == [("test_it.py::test", 1)]


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        (NO_LOSS + OTHER, ["-k", "other"]),
        (NO_LOSS + OTHER, ["-k", "not other"]),
        (NO_LOSS + OTHER, ["--deselect=test_it.py::test"]),
        (NO_LOSS + OTHER.replace("pass", "assert False"), ["-x"]),
        (OTHER, ["--collect-only"]),
        (OTHER, ["--ignore=test_it.py"]),
        (OTHER, ["test_it.py::test_other"]),
        ("raise ValueError", []),
        ("raise ValueError", ["--continue-on-collection-errors"]),
        ("pytest.skip('not here', allow_module_level=True)", []),
        (NO_LOSS.replace("pass", "pytest.skip('not here')"), []),
        (NO_LOSS.replace("pass", "pytest.xfail('not yet')"), []),
        (NO_LOSS.replace("pass", "assert False"), []),
    ],
)
def test_what_has_not_been_run_to_its_end_may_still_happen(
    source: str, arguments: list[str], suite: Suite, tmp_path: Path
) -> None:
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    assert TAKES_OUT not in suite(source, "--heard-baseline=known.json", *arguments).text
    suite(source, "--heard-baseline=known.json", "--heard-prune-baseline", *arguments)
    assert known(tmp_path) == [("test_it.py::test", 1)]


def test_a_run_of_some_tests_says_that_nothing_is_taken_out(suite: Suite) -> None:
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    ran = suite(NO_LOSS + OTHER, "--heard-baseline=known.json", "--heard-prune-baseline", "-k", "other")
    assert "heard: this run was not of all tests, so nothing is taken out of known.json" in ran.text


@pytest.mark.parametrize(("arguments", "is_told"), [([], True), (["test_it.py"], True), (["test_that.py"], False)])
def test_a_test_that_is_gone_is_told_where_it_would_be_found(
    arguments: list[str], is_told: bool, suite: Suite, tmp_path: Path
) -> None:
    (tmp_path / "test_that.py").write_text("def test_that(): pass")
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    told = suite(OTHER, "--heard-baseline=known.json", *arguments).text
    assert (f"heard: 1 known loss of known.json did not happen (test_it.py::test); {TAKES_OUT}" in told) == is_told


IN_CLASSES = """
    class TestOne:
        def test(self):
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
    class TestTwo(TestOne):
        pass
    """


@pytest.mark.parametrize(
    ("before", "after", "conftest", "stays"),
    [
        (ONE_LOSS, OTHER, "", []),
        (ONE_LOSS, ONE_LOSS, "collect_ignore = ['test_it.py']", ["test"]),
        (
            ONE_LOSS,
            ONE_LOSS,
            "def pytest_ignore_collect(collection_path): return 'it' in collection_path.name",
            ["test"],
        ),
        (ONE_LOSS, "import sys\nif sys.platform == 'another':\n    def test(): pass\n", "", ["test"]),
        (ONE_LOSS, "if False:\n    from another import test\n", "", ["test"]),
        (IN_CLASSES, IN_CLASSES.replace("TestTwo", "TestThree"), "", ["TestOne::test"]),
        (IN_CLASSES, "class TestTwo:\n    def test_that(self): pass\n", "", []),
        (IN_CLASSES, "if False:\n    from another import TestOne, TestTwo", "", ["TestOne::test", "TestTwo::test"]),
        (IN_CLASSES, "if False:\n    class TestTwo(TestOne): pass", "", ["TestOne::test", "TestTwo::test"]),
    ],
)
def test_a_test_that_is_only_not_collected_is_not_gone(
    before: str, after: str, conftest: str, stays: list[str], suite: Suite, tmp_path: Path
) -> None:
    (tmp_path / "test_that.py").write_text("def test_that(): pass")
    suite(before, "--heard-write-baseline=known.json")
    (tmp_path / "conftest.py").write_text(conftest)
    ran = suite(after, "--heard-baseline=known.json", "--heard-prune-baseline")
    assert [test for test, _ in known(tmp_path)] == [f"test_it.py::{name}" for name in stays], ran.text


def test_a_test_is_gone_with_its_file(suite: Suite, tmp_path: Path) -> None:
    that = tmp_path / "test_that.py"
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    (tmp_path / "test_it.py").rename(that)
    suite(OTHER, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("test_that.py::test", 1)]
    that.unlink()
    suite(OTHER, "--heard-baseline=known.json", "--heard-prune-baseline")
    assert known(tmp_path) == []


def test_what_no_test_has_lost_is_told_by_that_name(suite: Suite, tmp_path: Path) -> None:
    of_session = """
        @pytest.fixture(scope="session")
        def service():
            {loses}

        def test(service):
            pass
        """
    loses = "async def main():\n                asyncio.ensure_future(boom())\n                await turn()"
    source = of_session.format(loses=f"{loses}\n            asyncio.run(main())")
    written = suite(source, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("", 1)], written.text
    assert suite(source, "--heard-baseline=known.json").code == 0
    mended = of_session.format(loses="pass")
    assert "did not happen (outside of the tests)" in suite(mended, "--heard-baseline=known.json").text
    # What has no test may come from the other files.
    assert "did not happen" not in suite(mended, "--heard-baseline=known.json", "test_it.py").text


def test_a_test_that_is_run_again_may_lose_what_it_is_known_to_lose(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    for _ in range(2):\n"
        "        for report in runtestprotocol(item, nextitem=nextitem, log=False):\n"
        "            item.ihook.pytest_runtest_logreport(report=report)\n"
        "    return True\n"
    )
    suite(ONE_LOSS, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("test_it.py::test", 1)]
    assert suite(ONE_LOSS, "--heard-baseline=known.json").code == 0


@pytest.mark.parametrize("workers", [[], ["-n1"]])
def test_the_configuration_names_a_file_in_the_root_folder(workers: list[str], suite: Suite, tmp_path: Path) -> None:
    plugins = ["xdist"] if workers else []
    (tmp_path / "docs").mkdir()
    ini = "heard_baseline = known.json"
    suite(ONE_LOSS, "--heard-write-baseline=known.json", "..", *workers, plugins=plugins, ini=ini, below="docs")
    assert known(tmp_path) == [("test_it.py::test", 1)]
    ran = suite(ONE_LOSS, "..", *workers, plugins=plugins, ini=ini, below="docs")
    assert ran.code == 0, ran.text
    mended = suite(NO_LOSS, "..", "--heard-prune-baseline", *workers, plugins=plugins, ini=ini, below="docs")
    assert mended.code == 0, mended.text
    assert known(tmp_path) == []
    # An option goes before.
    assert suite(ONE_LOSS, "..", "--heard-baseline=known.json", ini="heard_baseline = no.json", below="docs").code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--heard-prune-baseline"], "--heard-prune-baseline: heard_baseline or --heard-baseline names the file"),
        (["--heard-prune-baseline", "--heard-write-baseline=known.json"], "exclude each other"),
    ],
)
@pytest.mark.parametrize("workers", [[], ["-n1"]])
def test_options_that_contradict_each_other_are_a_clear_error(
    arguments: list[str], says: str, workers: list[str], suite: Suite, tmp_path: Path
) -> None:
    ran = suite(ONE_LOSS, *arguments, *workers, plugins=["xdist"] if workers else [])
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert says in ran.text
    assert "Traceback" not in ran.text
    assert not (tmp_path / "known.json").exists()


def test_a_missing_file_of_the_configuration_is_a_clear_error(suite: Suite) -> None:
    ran = suite(ONE_LOSS, ini="heard_baseline = known.json")
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert "heard_baseline: known.json cannot be read" in ran.text
    assert "--heard-write-baseline writes it anew" in ran.text


def test_with_off_the_file_is_not_looked_at(suite: Suite) -> None:
    assert suite(ONE_LOSS, "--heard=off", ini="heard_baseline = known.json").code == 0


IN_A_CYCLE = """
    def test():
        ring = [boom()]
        ring.append(ring)
        del ring
        gc.collect()
    """


@pytest.mark.parametrize("workers", [[], ["-n2"]])
@pytest.mark.parametrize("mode", ["error", "warn"])
def test_a_new_loss_outside_of_the_tests_is_seen_in_many_processes(
    mode: str, workers: list[str], suite: Suite, tmp_path: Path
) -> None:
    plugins = ["xdist"] if workers else []
    suite(IN_A_CYCLE, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("", 1)]
    options = ["--heard-baseline=known.json", f"--heard={mode}", *workers]
    assert suite(IN_A_CYCLE + OTHER, *options, plugins=plugins).code == 0
    ran = suite(IN_A_CYCLE + IN_A_CYCLE.replace("test()", "test_two()"), *options, plugins=plugins)
    assert ran.code == (mode == "error"), ran.text
    if workers:
        told = "heard: 2 losses outside of the tests (unawaited-coroutine of boom), of which 1 known"
        assert told in ran.text, ran.text


def test_what_each_process_loses_counts_once(suite: Suite, tmp_path: Path) -> None:
    source = """
        @pytest.fixture(scope="session")
        def service():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        def test(service):
            pass
        def test_two(service):
            pass
        """
    suite(source, "--heard-write-baseline=known.json")
    assert known(tmp_path) == [("", 1)]
    ran = suite(source, "--heard-baseline=known.json", "-n2", plugins=["xdist"])
    assert ran.code == 0, ran.text
    (tmp_path / "known.json").unlink()
    suite(source, "--heard-write-baseline=known.json", "-n2", plugins=["xdist"])
    assert known(tmp_path) == [("", 1)]
