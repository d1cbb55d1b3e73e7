"""Under pytest-xdist: what the workers have found outside of their tests is told by the process that started them."""

from __future__ import annotations

import typing

import pytest

#: The key under which a worker hands over its texts.
KEY = "heard"


class Controller:
    def __init__(self, is_error: bool) -> None:
        #: Whether what was lost fails the run.
        self.is_error = is_error
        self.texts: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: typing.Any, error: object) -> None:
        self.texts += getattr(node, "workeroutput", {}).get(KEY, [])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.texts and self.is_error and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        show(terminalreporter, self.texts)


def show(terminal: pytest.TerminalReporter, texts: list[str]) -> None:
    """What belongs to no test, or came after its test was over."""
    if texts:
        terminal.section("heard: failures outside of the tests that ran")
        for text in texts:
            terminal.write_line(text)
            terminal.write_line("")
