"""`heard.testing` without pytest's plugin: what its blocks and test cases say.

`test_plugin.py` shows them under the plugin.
"""

from __future__ import annotations

import asyncio
import doctest
import gc
import unittest

import pytest

import heard
import heard.testing
from conftest import turn
from heard.testing import HeardTestCase, expect_lost, listening


class Lost(Exception):
    pass


async def boom() -> None:
    raise Lost("gone")


async def other() -> None:
    raise KeyError("another")


async def lose(*functions: object) -> None:
    for function in functions:
        asyncio.ensure_future(function())  # type: ignore[operator]
    await turn()


def names(failures: list[heard.Failure]) -> list[str]:
    return sorted(failure.coroutine or "" for failure in failures)


@pytest.mark.parametrize("name", ["listening", "expect_lost"])
def test_the_example_of_a_docstring(name: str) -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    text = getattr(heard.testing, name).__doc__
    example = parser.get_doctest(text, {"heard": heard, "asyncio": asyncio}, name, None, None)
    assert example.examples
    said: list[str] = []
    runner.run(example, out=said.append)
    assert said == []


def test_every_public_name_says_what_it_is_for() -> None:
    for name in heard.testing.__all__:
        assert (getattr(heard.testing, name).__doc__ or "").strip(), name
        assert name in dir(heard.testing)


def test_listening_gives_what_the_block_has_lost() -> None:
    with listening() as failures:
        asyncio.run(lose(boom, other))
    assert names(failures) == ["boom", "other"]
    assert {failure.verdict for failure in failures} == {"lost"}


def test_listening_in_a_loop_that_runs() -> None:
    async def main() -> list[heard.Failure]:
        with listening() as failures:
            await lose(boom)
        return failures

    assert names(asyncio.run(main())) == ["boom"]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_listening_to_a_coroutine_that_is_never_awaited() -> None:
    async def main() -> None:
        boom()  # type: ignore[unused-coroutine]

    with listening() as failures:
        asyncio.run(main())
    assert [(failure.event, failure.coroutine) for failure in failures] == [("coroutine-never-awaited", "boom")]


def test_what_is_heard_or_still_runs_is_not_in_the_list() -> None:
    async def main() -> None:
        with listening() as failures:
            runs_on = asyncio.create_task(asyncio.Event().wait())
            read = asyncio.create_task(boom())
            with pytest.raises(Lost):
                await read
        assert failures == []
        runs_on.cancel()

    asyncio.run(main())


def test_what_was_lost_before_is_not_the_blocks() -> None:
    async def main() -> list[heard.Failure]:
        ring: list[object] = [asyncio.create_task(boom())]
        ring.append(ring)
        await turn()
        del ring
        with listening() as failures:
            await lose(other)
            gc.collect()
        return failures

    assert names(asyncio.run(main())) == ["other"]


def test_an_exception_that_leaves_the_block_goes_on_and_the_list_is_filled() -> None:
    with pytest.raises(ZeroDivisionError), listening() as failures:
        asyncio.run(lose(boom))
        raise ZeroDivisionError
    assert names(failures) == ["boom"]


def test_a_block_in_a_block_keeps_what_it_hears() -> None:
    with listening() as outer:
        asyncio.run(lose(boom))
        with listening() as inner:
            asyncio.run(lose(other))
    assert (names(outer), names(inner)) == (["boom"], ["other"])


def test_the_programs_own_monitor_is_back_afterwards() -> None:
    seen: list[heard.Failure] = []
    heard.install(report=seen.append, grace=0)
    try:
        with listening() as failures:
            asyncio.run(lose(boom))
        assert names(failures) == ["boom"]
        assert seen == []
        asyncio.run(lose(other))
        gc.collect()
    finally:
        heard.uninstall()
    assert names(seen) == ["other"]


@pytest.mark.parametrize("expected", [Lost, Exception, "boom", "unread-task"])
def test_an_expected_loss(expected: type[BaseException] | str) -> None:
    with listening() as failures:
        with listening() as found:
            asyncio.run(lose(boom))
        rules = {failure.rule for failure in found}
        one = rules.pop() if expected == "unread-task" else expected
        with expect_lost(one):
            asyncio.run(lose(boom))
    assert failures == []


def test_a_loss_that_does_not_come_is_an_error() -> None:
    with pytest.raises(AssertionError, match="Lost was not lost in the block, which has lost nothing"):
        with expect_lost(Lost):
            asyncio.run(turn())
    with pytest.raises(AssertionError, match="Lost was not lost in the block, which has lost:\n\n.*KeyError"):
        with expect_lost(Lost, KeyError):
            asyncio.run(lose(other))


def test_what_else_is_lost_goes_to_whoever_listens() -> None:
    with listening() as failures, expect_lost(Lost):
        asyncio.run(lose(boom, other))
    assert names(failures) == ["other"]
    with pytest.raises(AssertionError, match="the block has also lost"):
        with expect_lost(Lost):
            asyncio.run(lose(boom, other))


def test_an_exception_that_leaves_an_expecting_block_is_not_replaced() -> None:
    with listening() as failures, pytest.raises(ZeroDivisionError), expect_lost(KeyError):
        asyncio.run(lose(boom))
        raise ZeroDivisionError
    assert names(failures) == ["boom"]


@pytest.mark.parametrize("expected", [(), (3,), (int,), (Lost("an object"),)])
def test_what_cannot_be_expected(expected: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="expect_lost"):
        with expect_lost(*expected):  # type: ignore[arg-type]
            pass


def ran(case: type[unittest.TestCase]) -> tuple[unittest.TestResult, dict[str, str]]:
    """The result of a class of tests, and what is said of those that failed."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result, {test.id().rpartition(".")[2]: text for test, text in result.failures + result.errors}


def test_cases_of_unittest() -> None:
    class Plain(HeardTestCase, unittest.TestCase):
        def test_loses(self) -> None:
            asyncio.run(lose(boom, other))

        def test_passes(self) -> None:
            asyncio.run(turn())

        def test_expects(self) -> None:
            with expect_lost(Lost):
                asyncio.run(lose(boom))

    result, failed = ran(Plain)
    assert result.testsRun == 3
    assert list(failed) == ["test_loses"]
    assert "2 failures that nobody hears" in failed["test_loses"]
    assert len(result.failures) == 1


def test_async_cases_of_unittest() -> None:
    class Async(HeardTestCase, unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self) -> None:
            if "set_up" in self.id():
                await lose(boom)

        async def asyncTearDown(self) -> None:
            if "tear_down" in self.id():
                await lose(boom)

        async def test_loses(self) -> None:
            self.kept = asyncio.create_task(boom())
            await turn()

        async def test_loses_in_set_up(self) -> None: ...

        async def test_loses_in_tear_down(self) -> None: ...

        async def test_hears(self) -> None:
            with self.assertRaises(Lost):
                await asyncio.create_task(boom())

        async def test_hears_by_its_log(self) -> None:
            with self.assertLogs("asyncio"):
                await lose(boom)
                gc.collect()

        async def test_loses_when_its_loop_is_closed(self) -> None:
            async def last() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    raise Lost("at the end")

            self.task = asyncio.create_task(last())
            await turn()

    result, failed = ran(Async)
    assert result.testsRun == 6
    expected = ["test_loses", "test_loses_in_set_up", "test_loses_in_tear_down", "test_loses_when_its_loop_is_closed"]
    assert sorted(failed) == expected
    assert len(result.failures) == 4


def test_skipped_cases_and_expected_failures_stay_what_they_are() -> None:
    class Case(HeardTestCase, unittest.TestCase):
        @unittest.skip("later")
        def test_skipped(self) -> None: ...

        @unittest.expectedFailure
        def test_expected(self) -> None:
            self.fail()

    result, failed = ran(Case)
    assert failed == {}
    assert (len(result.skipped), len(result.expectedFailures)) == (1, 1)
