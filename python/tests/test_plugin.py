"""The pytest plugin on small suites, each run by pytest in a process of its own: which test fails, and what is said."""

from __future__ import annotations

import re
import sys
import textwrap

import pytest
from suites import Suite, suite  # noqa: F401 - a fixture

#: Tests that lose a failure, with the names that the report has.
LOSES = {
    "a dropped task": (
        """
        def test():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        """,
        ["Lost", "boom"],
    ),
    "a task that is kept and never read": (
        """
        kept = []
        def test():
            async def main():
                kept.append(asyncio.create_task(boom()))
                await turn()
            asyncio.run(main())
        """,
        ["Lost", "boom"],
    ),
    "a coroutine that is never awaited": (
        """
        def test():
            async def main():
                boom()
            asyncio.run(main())
        """,
        ["boom", "never awaited"],
    ),
    "the future of work in a thread": (
        """
        def fails():
            raise Lost("in a thread")
        def test():
            async def main():
                future = asyncio.get_running_loop().run_in_executor(None, fails)
                await asyncio.wait([future])
                await turn()
            asyncio.run(main())
        """,
        ["Lost", "in a thread"],
    ),
    "the future of a pool that nobody keeps": (
        """
        def fails():
            raise Lost("in a pool")
        def test():
            with ThreadPoolExecutor() as pool:
                pool.submit(fails)
        """,
        ["Lost", "in a pool", "unread-thread-future"],
    ),
    "work for a loop in another thread that nobody keeps": (
        """
        import threading
        def test():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            asyncio.run_coroutine_threadsafe(boom(), loop)
            loop.call_soon_threadsafe(loop.call_later, 0.01, loop.stop)
            thread.join()
            loop.close()
        """,
        ["Lost", "boom", "unread-thread-future"],
    ),
    "the outcomes of a gather that nobody looks at": (
        """
        def test():
            async def main():
                await asyncio.gather(boom(), return_exceptions=True)
                await turn()
            asyncio.run(main())
        """,
        ["Lost", "boom"],
    ),
    "a callback that raises": (
        """
        def fails():
            raise Lost("in a callback")
        def test():
            async def main():
                asyncio.get_running_loop().call_soon(fails)
                await turn()
            asyncio.run(main())
        """,
        ["Lost", "in a callback"],
    ),
    "two at a time": (
        """
        async def second():
            raise KeyError("another")
        def test():
            async def main():
                asyncio.ensure_future(boom())
                asyncio.ensure_future(second())
                await turn()
            asyncio.run(main())
        """,
        ["2 failures that nobody hears", "Lost", "boom", "KeyError", "second"],
    ),
}


@pytest.mark.parametrize("kind", LOSES)
def test_a_test_that_loses_a_failure_fails_with_the_report(kind: str, suite: Suite) -> None:
    source, names = LOSES[kind]
    ran = suite(source)
    # What is kept may be read until the tear-down is over.
    outcome = "error" if kind == "a task that is kept and never read" else "failed"
    assert ran.outcomes() == {"test": outcome}, ran.text
    assert ran.code == 1
    for name in names:
        assert name in ran.text


#: Tests that hear their failures.
HEARS = {
    "awaited": "with pytest.raises(Lost): await asyncio.create_task(boom())",
    "a mock that handles what the loop is told": """
        import unittest.mock
        handler = unittest.mock.Mock()
        asyncio.get_running_loop().set_exception_handler(handler)
        asyncio.ensure_future(boom())
        await turn()
        gc.collect()
        handler.assert_called_once()
        """,
    "asked for its exception": """
        task = asyncio.create_task(boom())
        await turn()
        assert isinstance(task.exception(), Lost)
        """,
    "a late reader": """
        task = asyncio.create_task(boom())
        await turn()
        gc.collect()
        await turn()
        with pytest.raises(Lost):
            await task
        """,
    "the outcomes of a gather are read": """
        outcomes = await asyncio.gather(boom(), return_exceptions=True)
        assert isinstance(outcomes[0], Lost)
        """,
    "a done callback that reads": """
        seen = []
        asyncio.create_task(boom()).add_done_callback(lambda task: seen.append(task.exception()))
        await turn()
        assert seen
        """,
    "a handler of the loop": """
        seen = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context["exception"]))
        asyncio.ensure_future(boom())
        await turn()
        gc.collect()
        assert seen
        """,
    "a coroutine that is closed": "boom().close()",
    "a warning that is expected": """
        with pytest.warns(RuntimeWarning, match="never awaited"):
            boom()
            gc.collect()
        """,
    "a task that is cancelled": """
        task = asyncio.create_task(asyncio.sleep(3600))
        await turn()
        task.cancel()
        """,
    "a cancellation with a limit": """
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(3600)
        """,
}


def test_tests_that_hear_pass(suite: Suite) -> None:
    source = ""
    for number, body in enumerate(HEARS.values()):
        lines = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
        source += f"def test_{number}():\n    async def main():\n{lines}\n    asyncio.run(main())\n"
    ran = suite(source)
    expected = {kind: "passed" for kind in HEARS}
    outcomes = ran.outcomes()
    assert {kind: outcomes.get(f"test_{number}") for number, kind in enumerate(HEARS)} == expected, ran.text
    assert ran.code == 0
    assert "HeardWarning" not in ran.text


def test_a_mock_in_place_of_a_method_of_the_loop_hears(suite: Suite) -> None:
    ran = suite(
        """
        import unittest.mock
        async def bad():
            try:
                await asyncio.Event().wait()
            finally:
                raise Lost("at the end")
        async def main():
            asyncio.create_task(bad())
            await turn()
        def test_a_handler():
            handler = unittest.mock.Mock()
            with asyncio.Runner() as runner:
                runner.get_loop().set_exception_handler(handler)
                runner.run(main())
            handler.assert_called_once()
        def test_a_method():
            with asyncio.Runner() as runner:
                loop = runner.get_loop()
                with unittest.mock.patch.object(type(loop), "call_exception_handler") as handler:
                    runner.run(main())
                    runner.close()
            handler.assert_called_once()
        """
    )
    assert set(ran.outcomes().values()) == {"passed"}, ran.text
    assert ran.code == 0, ran.text


def test_what_caplog_shows_of_asyncio_is_heard(suite: Suite) -> None:
    ran = suite(
        """
        def lose():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
                gc.collect()
            asyncio.run(main())
        def test_looks(caplog):
            lose()
            assert "Lost" in caplog.text
        def test_does_not_look(caplog):
            lose()
        """
    )
    assert ran.outcomes()["test_looks"] == "passed", ran.text
    assert ran.outcomes()["test_does_not_look"] in ("failed", "error")


@pytest.mark.parametrize("arguments", [[], ["-p", "no:warnings"]])
def test_what_the_fixture_recwarn_is_given_is_heard(arguments: list[str], suite: Suite) -> None:
    ran = suite(
        """
        def test(recwarn):
            boom()
            gc.collect()
            assert len(recwarn) == 1
        def test_that_is_given_nothing():
            boom()
        """,
        *arguments,
    )
    assert ran.outcomes() == {"test": "passed", "test_that_is_given_nothing": "failed"}, ran.text


def test_a_filter_that_names_the_warning_of_a_coroutine_allows_it(suite: Suite) -> None:
    ran = suite(
        """
        @pytest.mark.filterwarnings("ignore:coroutine 'boom' was never awaited")
        def test_named():
            boom()
        @pytest.mark.filterwarnings("ignore:.*was never awaited:RuntimeWarning")
        def test_named_for_all():
            boom()
        @pytest.mark.filterwarnings("ignore:coroutine 'turn' was never awaited")
        def test_another():
            boom()
        @pytest.mark.filterwarnings("ignore")
        def test_all_warnings():
            boom()
        @pytest.mark.filterwarnings("ignore::RuntimeWarning")
        def test_all_of_the_class():
            boom()
        """
    )
    outcomes = {"test_named": "passed", "test_named_for_all": "passed", "test_another": "failed"}
    assert ran.outcomes() == outcomes | {"test_all_warnings": "failed", "test_all_of_the_class": "failed"}, ran.text


@pytest.mark.parametrize(
    ("filters", "outcome"),
    [
        (["ignore:coroutine .* was never awaited"], "passed"),
        (["ignore:coroutine 'boom':RuntimeWarning:test_it"], "passed"),
        (["ignore:coroutine 'boom':Warning"], "passed"),
        (["error:coroutine 'boom'", "ignore:coroutine .* was never awaited"], "passed"),
        # Of another class, of another place, or of all that there is.
        (["ignore:.*:DeprecationWarning"], "failed"),
        (["ignore:coroutine .* was never awaited:DeprecationWarning"], "failed"),
        (["ignore:.*:RuntimeWarning:thirdparty"], "failed"),
        (["ignore:coroutine .* was never awaited:RuntimeWarning:thirdparty"], "failed"),
        (["ignore:coroutine .* was never awaited:RuntimeWarning:test_it:9999"], "failed"),
        (["ignore:.*"], "failed"),
        (["ignore:.+"], "failed"),
        (["ignore:.*:RuntimeWarning"], "failed"),
        # A later one goes before.
        (["ignore:coroutine .* was never awaited", "error:coroutine 'boom':RuntimeWarning"], "failed"),
        (["ignore:coroutine .* was never awaited", "default::RuntimeWarning"], "failed"),
        (["ignore:coroutine .* was never awaited", "error:coroutine 'turn' was never awaited"], "passed"),
    ],
)
def test_the_filter_that_holds_decides_whether_a_coroutine_is_allowed(
    filters: list[str], outcome: str, suite: Suite
) -> None:
    lines = "\n  ".join(["filterwarnings =", *filters])
    ran = suite("def test():\n    boom()\n", "-p", "no:unraisableexception", ini=lines)
    assert ran.outcomes() == {"test": outcome}, ran.text


def test_losses_that_are_alike_are_shown_once(suite: Suite) -> None:
    ran = suite(
        """
        def test():
            async def main():
                for _ in range(7):
                    asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        """
    )
    assert ran.outcomes() == {"test": "failed"}
    assert "7 failures that nobody hears:" in ran.text
    # On CI, pytest's summary has the whole message once more.
    told, _, _ = ran.text.partition("short test summary info")
    assert told.count("rule     dropped-task") == 1
    assert "6 more like this" in ran.text


def test_only_the_test_that_loses_is_blamed(suite: Suite) -> None:
    ran = suite(
        """
        def test_before():
            asyncio.run(turn())
        def test_loses():
            async def main():
                ring = [asyncio.create_task(boom())]
                ring.append(ring)
                await turn()
            asyncio.run(main())
        def test_after():
            gc.collect()
            asyncio.run(turn())
        """
    )
    outcomes = ran.outcomes()
    assert outcomes.pop("test_loses") in ("failed", "error"), ran.text
    assert outcomes == {"test_before": "passed", "test_after": "passed"}


def test_what_the_collector_finds_later_is_no_bystanders(suite: Suite) -> None:
    ran = suite(
        """
        import gc
        gc.disable()
        async def work(): pass
        def make():
            cycle = []
            cycle += [cycle, work()]
        def test_first(): make()
        def test_bystander(): gc.collect()
        def test_last(): pass
        """
    )
    assert set(ran.outcomes().values()) == {"passed"}, ran.text
    outside = ran.text.partition("heard: failures outside of the tests that ran")[2]
    assert "the coroutine 'work' was never awaited" in outside, ran.text


def test_a_test_may_run_pytest_with_the_plugin_in_its_process(suite: Suite) -> None:
    ran = suite(
        """
        INNER = '''
        import asyncio
        async def boom():
            raise LookupError("inside")
        def test_inside():
            async def main():
                asyncio.ensure_future(boom())
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            asyncio.run(main())
        '''
        def lose():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        def test_that_looks(pytester):
            pytester.makepyfile(INNER)
            ran = pytester.runpytest_inprocess("-p", "heard.pytest_plugin")
            ran.assert_outcomes(failed=1)
        def test_that_loses_itself(pytester):
            pytester.makepyfile(INNER)
            pytester.runpytest_inprocess("-p", "heard.pytest_plugin")
            lose()
        def test_after():
            lose()
        """,
        *("-p", "pytester"),
    )
    outcomes = {name: outcome for name, outcome in ran.outcomes().items() if name != "test_inside"}
    assert outcomes.pop("test_that_looks") == "passed", ran.text
    assert outcomes == {"test_that_loses_itself": "failed", "test_after": "failed"}, ran.text
    assert "outside of the tests" not in ran.text


def test_a_failure_that_whoever_runs_the_loop_has_read_takes_no_collection(suite: Suite) -> None:
    ran = suite(
        """
        # Only those that are asked for.
        gc.disable()
        collections = []
        @pytest.fixture(scope="module")
        def loop():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()
        def test_fails(loop):
            with pytest.raises(Lost):
                loop.run_until_complete(boom())
            collections.append(gc.get_stats()[2]["collections"])
        def test_after():
            collections.append(gc.get_stats()[2]["collections"])
            assert collections[0] == collections[1]
        """
    )
    assert ran.outcomes() == {"test_fails": "passed", "test_after": "passed"}, ran.text


def test_a_task_that_runs_on_is_a_warning(suite: Suite) -> None:
    ran = suite(
        """
        async def forever():
            await asyncio.Event().wait()
        @pytest.fixture(scope="module")
        def runner():
            with asyncio.Runner() as runner:
                yield runner
        def test(runner):
            async def main():
                asyncio.create_task(forever())
                await turn()
            runner.run(main())
        """
    )
    assert ran.outcomes() == {"test": "passed"}, ran.text
    assert ran.code == 0
    assert "HeardWarning" in ran.text
    assert "forever" in ran.text


@pytest.mark.parametrize(
    ("filters", "outcomes"),
    [
        ("filterwarnings = error", {"test": "passed", "test_that_loses": "failed"}),
        (
            "filterwarnings =\n  error\n  error::heard.testing.HeardWarning",
            {"test": "failed", "test_that_loses": "failed"},
        ),
        (
            "filterwarnings =\n  error\n  ignore::heard.testing.HeardWarning",
            {"test": "passed", "test_that_loses": "failed"},
        ),
    ],
)
def test_a_warning_is_an_error_where_it_is_named(filters: str, outcomes: dict[str, str], suite: Suite) -> None:
    ran = suite(
        """
        async def forever():
            await asyncio.Event().wait()
        def test():
            async def main():
                asyncio.create_task(forever())
                await turn()
            asyncio.run(main())
        def test_that_loses():
            async def main():
                asyncio.create_task(forever())
                asyncio.create_task(boom())
                await turn()
            asyncio.run(main())
        """,
        ini=filters,
    )
    assert ran.outcomes() == outcomes, ran.text
    assert ("the task of forever was still running" in ran.text) == ("ignore" not in filters)
    assert "Lost: gone" in ran.text
    # Nothing of the plugin is in what pytest shows.
    assert "run.py" not in ran.text


def test_a_task_whose_loop_is_closed_over_it_is_a_warning_of_its_own_test(suite: Suite) -> None:
    ran = suite(
        """
        def test():
            async def forever():
                await asyncio.Event().wait()
            async def main():
                asyncio.get_running_loop().call_soon(start, forever)
                await turn()
            def start(work):
                asyncio.ensure_future(work())
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loop.close()
        def test_bystander():
            gc.collect()
        """
    )
    assert ran.outcomes() == {"test": "passed", "test_bystander": "passed"}, ran.text
    assert ran.code == 0, ran.text
    warning = ran.text.partition("warnings summary")[2]
    assert "test_it.py::test\n" in warning, ran.text
    assert "HeardWarning: the task of test.<locals>.forever was still running when its loop ended" in warning


def test_a_cancellation_that_is_swallowed_fails_the_test(suite: Suite) -> None:
    ran = suite(
        """
        stops = []
        @pytest.fixture(scope="session")
        def runner():
            with asyncio.Runner() as runner:
                yield runner
                stops[0].set()
        async def stubborn(stop):
            while not stop.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await stop.wait()
        def test(runner):
            async def main():
                stops.append(asyncio.Event())
                task = asyncio.create_task(stubborn(stops[0]))
                await turn()
                task.cancel()
                await turn()
            runner.run(main())
        """
    )
    assert ran.outcomes()["test"] in ("failed", "error"), ran.text
    assert "stubborn" in ran.text


def test_fixtures_are_named_by_their_phase(suite: Suite) -> None:
    lose = """
        def lose():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        """
    ran = suite(
        lose
        + """
        @pytest.fixture
        def sets_up():
            lose()
        @pytest.fixture
        def tears_down():
            yield
            lose()
        @pytest.fixture(scope="module")
        def of_module():
            lose()
        @pytest.fixture(scope="session")
        def of_session():
            lose()
        def test_set_up(sets_up): pass
        def test_tear_down(tears_down): pass
        def test_module(of_module): pass
        def test_session(of_session): pass
        """
    )
    assert "ERROR at setup of test_set_up" in ran.text
    assert "ERROR at teardown of test_tear_down" in ran.text
    assert "ERROR at setup of test_module" in ran.text
    outcomes = ran.outcomes()
    assert outcomes["test_session"] == "passed", ran.text
    outside = ran.text.partition("heard: failures outside of the tests that ran")[2]
    assert "the set-up of the fixture 'of_session' (session)" in outside
    assert ran.code == 1


def test_the_tear_down_of_a_fixture_that_outlives_its_test_blames_no_test(suite: Suite) -> None:
    ran = suite(
        """
        def lose():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        @pytest.fixture(scope="session")
        def of_session():
            yield
            lose()
        @pytest.fixture(scope="module", params=[1, 2])
        def of_module(request):
            yield
            lose()
        @pytest.fixture(scope="class")
        def of_class():
            yield
            lose()
        class TestClass:
            def test_first(self, of_class): pass
            def test_last(self): pass
        # The first of the parameter is torn down in the set-up of the second.
        def test_both(of_module, of_session): pass
        def test_bystander(): pass
        """
    )
    assert set(ran.outcomes().values()) == {"passed"}, ran.text
    outside = ran.text.partition("heard: failures outside of the tests that ran")[2]
    named = re.findall(r"the tear-down of the fixture '(\w+)' \((\w+)\)", outside)
    assert sorted(named) == [
        ("of_class", "class"),
        ("of_module", "module"),
        ("of_module", "module"),
        ("of_session", "session"),
    ]
    assert ran.code == 1


ONE_LOSS = """
    def test():
        async def main():
            asyncio.ensure_future(boom())
            await turn()
        asyncio.run(main())
    """


@pytest.mark.parametrize(
    ("arguments", "ini", "outcome", "says"),
    [
        (["--heard=warn"], "", "passed", True),
        (["--heard=off"], "", "passed", False),
        ([], "heard = warn", "passed", True),
        ([], "heard = off", "passed", False),
        (["--heard=error"], "heard = off", "failed", True),
        ([], "heard_allow = Lost", "passed", False),
        ([], "heard_allow = boom", "passed", False),
        ([], "heard_allow = KeyError", "failed", True),
    ],
)
def test_options(arguments: list[str], ini: str, outcome: str, says: bool, suite: Suite) -> None:
    ran = suite(ONE_LOSS, *arguments, ini=ini)
    assert ran.outcomes()["test"] == outcome, ran.text
    assert ("heard: " in ran.text) == says, ran.text


def test_an_unknown_mode_is_an_error(suite: Suite) -> None:
    ran = suite(ONE_LOSS, ini="heard = loud")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "heard = loud: it is one of error, warn, off" in ran.text


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        ("allow=[Lost]", "passed"),
        ("allow=['boom']", "passed"),
        ("allow=[Exception]", "passed"),
        ("allow={KeyError, 'Lost'}", "passed"),
        ("allow=['KeyError']", "failed"),
        ("allow=[KeyError]", "failed"),
        ("allow=[]", "failed"),
    ],
)
def test_the_mark_allows_by_name(mark: str, outcome: str, suite: Suite) -> None:
    ran = suite(f"@pytest.mark.heard({mark}){ONE_LOSS.rstrip().replace(chr(10) + '    ', chr(10))}")
    assert ran.outcomes() == {"test": outcome}, ran.text


@pytest.mark.parametrize("mark", ["'boom'", "allow='boom'", "allow=KeyError", "allow=[3]", "allowed=['boom']"])
def test_a_mark_that_says_nothing_is_an_error(mark: str, suite: Suite) -> None:
    ran = suite(f"@pytest.mark.heard({mark})\ndef test(): pass\n")
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.text
    assert "test_it.py::test: write the mark as @pytest.mark.heard(allow=" in ran.text


def test_a_bad_mark_under_xdist_is_the_error_of_its_test(suite: Suite) -> None:
    ran = suite("@pytest.mark.heard('boom')\ndef test(): pass\ndef test_other(): pass\n", "-n2", plugins=["xdist"])
    assert ran.outcomes() == {"test": "error", "test_other": "passed"}, ran.text
    assert "write the mark as @pytest.mark.heard(allow=" in ran.text


def test_with_off_nothing_of_the_monitor_is_imported(suite: Suite) -> None:
    ran = suite(
        """
        import sys
        def test(heard_failures):
            assert heard_failures == []
            parts = ("heard.monitor", "heard.report", "heard.record")
            assert not [name for name in sys.modules if name.startswith(parts)]
        """,
        "--heard=off",
    )
    assert ran.outcomes() == {"test": "passed"}, ran.text


def test_a_test_may_ask_what_it_has_lost(suite: Suite) -> None:
    ran = suite(
        """
        def test(heard_failures):
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            assert heard_failures == []
            asyncio.run(main())
            [failure] = heard_failures
            assert failure.exception.type.endswith("Lost")
            assert failure.coroutine == "boom"
        """
    )
    assert ran.outcomes() == {"test": "passed"}, ran.text


def test_skipped_and_expected_failures_stay_what_they_are(suite: Suite) -> None:
    ran = suite(
        """
        def lose():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        @pytest.mark.skip
        def test_skip(): lose()
        def test_skips_itself():
            pytest.skip("later")
        @pytest.mark.xfail
        def test_xfail():
            assert False
        @pytest.mark.xfail
        def test_xfail_by_loss():
            lose()
        def test_fails_and_loses():
            lose()
            assert False, "its own reason"
        """
    )
    outcomes = ran.outcomes()
    assert outcomes.get("test_xfail") == "xfail", ran.text
    assert outcomes.get("test_xfail_by_loss") == "xfail", ran.text
    assert outcomes.get("test_fails_and_loses") == "failed"
    assert "its own reason" in ran.text
    assert "2 skipped" in ran.text


def test_async_test_cases_of_unittest(suite: Suite) -> None:
    ran = suite(
        """
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_loses(self):
                asyncio.ensure_future(boom())
                await turn()
            async def test_hears(self):
                with self.assertRaises(Lost):
                    await asyncio.ensure_future(boom())
            async def test_hears_by_its_log(self):
                with self.assertLogs("asyncio"):
                    asyncio.ensure_future(boom())
                    await turn()
                    gc.collect()
        """
    )
    outcomes = {name.partition("::")[2]: outcome for name, outcome in ran.outcomes().items()}
    assert outcomes.pop("test_loses") in ("failed", "error"), ran.text
    assert outcomes == {"test_hears": "passed", "test_hears_by_its_log": "passed"}, ran.text


FRAMEWORKS = [("pytest_asyncio", "asyncio"), ("anyio", "anyio")]


@pytest.mark.parametrize(("plugin", "mark"), FRAMEWORKS)
def test_frameworks(plugin: str, mark: str, suite: Suite) -> None:
    fixture = "pytest_asyncio.fixture" if plugin == "pytest_asyncio" else "pytest.fixture"
    ran = suite(
        f"""
        import {plugin}
        pytestmark = pytest.mark.{mark}

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        @{fixture}
        async def sets_up(anyio_backend):
            asyncio.ensure_future(boom())
            await turn()
        async def test_loses():
            asyncio.ensure_future(boom())
            await turn()
        async def test_passes():
            await turn()
        async def test_hears():
            with pytest.raises(Lost):
                await asyncio.create_task(boom())
        async def test_fixture(sets_up):
            await turn()
        """,
        plugins=[plugin],
        ini="asyncio_default_fixture_loop_scope = function" if plugin == "pytest_asyncio" else "",
    )
    outcomes = ran.outcomes()
    assert outcomes.pop("test_loses") in ("failed", "error"), ran.text
    assert outcomes.pop("test_fixture") == "error", ran.text
    assert outcomes == {"test_passes": "passed", "test_hears": "passed"}, ran.text


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_loops_that_outlive_a_test(scope: str, suite: Suite) -> None:
    ran = suite(
        f"""
        @pytest.mark.asyncio(loop_scope="{scope}")
        class Test:
            async def test_before(self):
                await turn()
            async def test_loses(self):
                asyncio.ensure_future(boom())
                await turn()
            async def test_after(self):
                await turn()
                gc.collect()
        """,
        plugins=["pytest_asyncio"],
        ini="asyncio_default_fixture_loop_scope = function",
    )
    outcomes = {name.partition("::")[2]: outcome for name, outcome in ran.outcomes().items()}
    assert outcomes.pop("test_loses") in ("failed", "error"), ran.text
    assert outcomes == {"test_before": "passed", "test_after": "passed"}, ran.text


@pytest.mark.parametrize(("mode", "code"), [("error", 1), ("warn", 0)])
@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_with_warn_a_loss_outside_of_the_tests_fails_no_run(
    workers: list[str], mode: str, code: int, suite: Suite
) -> None:
    ran = suite(
        """
        @pytest.fixture(scope="session")
        def of_session():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        def test(of_session):
            pass
        """,
        f"--heard={mode}",
        *workers,
        plugins=["xdist"] if workers else [],
    )
    assert ran.outcomes() == {"test": "passed"}, ran.text
    assert "the set-up of the fixture 'of_session' (session)" in ran.text
    assert ran.code == code, ran.text


def test_the_workers_of_xdist_listen(suite: Suite) -> None:
    ran = suite(
        """
        @pytest.fixture(scope="session")
        def of_session():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        def test_loses():
            async def main():
                asyncio.ensure_future(boom())
                await turn()
            asyncio.run(main())
        def test_passes(of_session):
            asyncio.run(turn())
        """,
        "-n2",
        plugins=["xdist"],
    )
    outcomes = ran.outcomes()
    assert outcomes.pop("test_loses") in ("failed", "error"), ran.text
    assert outcomes == {"test_passes": "passed"}
    assert ran.text.count("the set-up of the fixture 'of_session' (session)") == 1, ran.text
    assert ran.code == 1


def test_a_block_may_listen_for_itself(suite: Suite) -> None:
    ran = suite(
        """
        from heard.testing import HeardTestCase, expect_lost, listening

        async def other():
            raise KeyError("another")
        async def lose(*functions):
            for function in functions:
                asyncio.ensure_future(function())
            await turn()
        def test_expects():
            with expect_lost(Lost):
                asyncio.run(lose(boom))
        def test_expects_one_of_two():
            with expect_lost(Lost):
                asyncio.run(lose(boom, other))
        def test_expects_in_vain():
            with expect_lost(KeyError):
                asyncio.run(turn())
        def test_listens():
            with listening() as failures:
                asyncio.run(lose(boom))
            assert [failure.coroutine for failure in failures] == ["boom"]
        def test_never_awaited_in_a_block_that_expects_something_else():
            async def main():
                ring = [boom()]
                ring.append(ring)
                await lose(other)
            with expect_lost(KeyError):
                asyncio.run(main())
        class Case(HeardTestCase, unittest.IsolatedAsyncioTestCase):
            async def test_case_loses(self):
                await lose(boom)
            async def test_case_expects(self):
                with expect_lost(Lost):
                    await lose(boom)
        """
    )
    outcomes = ran.outcomes()
    assert {name.rpartition("::")[2]: outcome for name, outcome in outcomes.items()} == {
        "test_expects": "passed",
        "test_expects_one_of_two": "failed",
        "test_expects_in_vain": "failed",
        "test_listens": "passed",
        "test_never_awaited_in_a_block_that_expects_something_else": "failed",
        "test_case_loses": "failed",
        "test_case_expects": "passed",
    }, ran.text


@pytest.mark.parametrize("mode", ["error", "off"])
def test_failures_are_injected_until_the_test_ends(mode: str, suite: Suite) -> None:
    ran = suite(
        """
        async def fetch():
            return "page"
        def test_fails(heard_inject):
            injection = heard_inject("test_it:fetch", Lost("down"), on=2)
            assert asyncio.run(fetch()) == "page"
            with pytest.raises(Lost, match="down"):
                asyncio.run(fetch())
            assert (injection.calls, injection.injected) == (2, 1)
        def test_is_as_before():
            for _ in range(3):
                assert asyncio.run(fetch()) == "page"
        """,
        f"--heard={mode}",
    )
    assert ran.outcomes() == {"test_fails": "passed", "test_is_as_before": "passed"}, ran.text


def test_a_warning_comes_through_xdist(suite: Suite) -> None:
    ran = suite(
        """
        def test():
            async def main():
                task = asyncio.create_task(asyncio.sleep(60))
                await turn()
            asyncio.run(main())
        """,
        "-n1",
        plugins=["xdist"],
    )
    assert ran.outcomes() == {"test": "passed"}
    assert "HeardWarning: the task of sleep was still running" in ran.text


def test_a_loop_that_comes_to_rest_between_set_up_and_tear_down_is_looked_at(suite: Suite) -> None:
    ran = suite(
        """
        class Case(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.stop = asyncio.Event()
            async def asyncTearDown(self):
                self.stop.set()
                await self.task
            async def stubborn(self):
                while not self.stop.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await self.stop.wait()
            async def test_swallows(self):
                self.task = asyncio.create_task(self.stubborn())
                await turn()
                self.task.cancel()
                await asyncio.wait([self.task], timeout=0)
            async def test_is_not_told_to_stop(self):
                self.task = asyncio.create_task(self.stubborn())
                await turn()
        """
    )
    outcomes = {name.partition("::")[2]: outcome for name, outcome in ran.outcomes().items()}
    assert outcomes == {"test_swallows": "failed", "test_is_not_told_to_stop": "passed"}, ran.text
    assert "Case.stubborn" in ran.text


def test_anyio_leaves_to_the_plugin_which_test_fails(suite: Suite) -> None:
    ran = suite(
        """
        from heard.testing import expect_lost
        pytestmark = pytest.mark.anyio
        ring = []

        @pytest.fixture(scope="module")
        def anyio_backend():
            return "asyncio"
        @pytest.fixture(scope="module")
        async def of_module(anyio_backend):
            asyncio.ensure_future(boom())
            await turn()
        async def test_sets_up(of_module):
            await turn()
        async def test_is_a_bystander(of_module):
            await turn()
        async def test_loses():
            ring.append([asyncio.create_task(boom())])
            ring[0].append(ring[0])
            await turn()
        async def test_collects():
            ring.clear()
            gc.collect()
            await turn()
        @pytest.mark.heard(allow=[Lost])
        async def test_allows():
            asyncio.ensure_future(boom())
            await turn()
        async def test_expects():
            with expect_lost(Lost):
                asyncio.ensure_future(boom())
                await turn()
        async def test_raises_in_a_callback():
            def fails():
                raise Lost("in a callback")
            asyncio.get_running_loop().call_soon(fails)
            await turn()
        """,
        plugins=["anyio"],
    )
    assert ran.outcomes() == {
        "test_sets_up": "error",
        "test_is_a_bystander": "passed",
        "test_loses": "error",
        "test_collects": "passed",
        "test_allows": "passed",
        "test_expects": "passed",
        "test_raises_in_a_callback": "failed",
    }, ran.text
    assert "HeardWarning" not in ran.text


def test_with_warn_anyio_fails_tests_as_ever(suite: Suite) -> None:
    ran = suite(
        """
        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        @pytest.mark.anyio
        async def test():
            asyncio.ensure_future(boom())
            await turn()
        """,
        "--heard=warn",
        plugins=["anyio"],
    )
    assert ran.outcomes() == {"test": "failed"}, ran.text


#: Calls of mocks whose coroutines nobody awaits: the name of the mock, and the line that makes it.
MOCKS = {
    "a mock of everything": ("mock.send", "mailer = AsyncMock()", "order(mailer)"),
    "a mock with a name": ("mailer.send", "mailer = AsyncMock(name='mailer')", "order(mailer)"),
    "a specified mock": ("mock.send", "mailer = create_autospec(Mailer, instance=True)", "order(mailer)"),
    "a patch": ("send", "with patch.object(Mailer, 'send'):", "    order(Mailer())"),
    "a mock of a context manager": ("mock.__aenter__", "mailer = MagicMock()", "enter(mailer)"),
}


@pytest.mark.parametrize("kind", MOCKS)
def test_a_coroutine_of_a_mock_is_blamed_on_the_mock(kind: str, suite: Suite) -> None:
    name, made, used = MOCKS[kind]
    ran = suite(
        f"""
        from unittest.mock import AsyncMock, MagicMock, create_autospec, patch
        class Mailer:
            async def send(self): ...
        def order(mailer):
            mailer.send()
        def enter(mailer):
            mailer.__aenter__()
        def test():
            {made}
            {used}
        """
    )
    assert ran.outcomes() == {"test": "failed"}, ran.text
    assert re.search(r"born +test_it\.py:\d+ in test\n", ran.text), ran.text
    assert re.search(rf"of the mock '{name}', which test_it\.py:\d+ in (order|enter) has called", ran.text), ran.text


def test_a_mock_that_a_decorator_makes_is_blamed_on_what_it_decorates(suite: Suite) -> None:
    ran = suite(
        """
        from unittest.mock import AsyncMock, patch
        class Mailer:
            def close(self): ...
        @patch.object(Mailer, "close", new_callable=AsyncMock)
        def test(close):
            Mailer().close()
        """
    )
    assert ran.outcomes() == {"test": "failed"}, ran.text
    assert re.search(r"born +test_it\.py:\d+ in test\n", ran.text), ran.text


def test_the_end_of_a_generator_that_the_loop_has_begun_is_no_warning(suite: Suite) -> None:
    ran = suite(
        """
        async def numbers():
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
        def test():
            async def main():
                async for _ in numbers():
                    break
            asyncio.run(main())
        """
    )
    assert ran.outcomes() == {"test": "passed"}, ran.text
    assert "HeardWarning" not in ran.text
