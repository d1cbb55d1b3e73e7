"""The baseline at the end of a run, in the process that tells of the run: what is written, and what is out of date."""

from __future__ import annotations

import functools
import operator
import pathlib
import typing

import pytest

from heard.testing.pytest.baseline import Files, Losses, shown, write
from heard.testing.pytest.known import LOST, Known, losses_of

#: The key under which a worker of pytest-xdist hands over its share.
KEY = "heard-known"


class Ledger:
    """What all tests have lost, and which known losses have not happened."""

    def __init__(self, files: Files, known: Losses, here: Known | None, is_error: bool) -> None:
        self.files = files
        #: Whether new losses fail the run.
        self.is_error = is_error
        self.known = known
        #: Where the tests run in this process.
        self.here = here
        self.shares: list[dict[str, typing.Any]] = []
        self.has_crashed = False
        self.lost = Losses()
        #: Whether all has passed in the last attempt at a test.
        self.passed: dict[str, bool] = {}
        self.line = ""
        #: What is new outside of the tests where no process can see that it is.
        self.new: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Of a test that is run again, what the worst attempt has lost.
        self.lost |= losses_of(getattr(report, LOST, ()))
        before = report.when == "setup" or self.passed.get(report.nodeid, True)
        self.passed[report.nodeid] = before and report.passed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: typing.Any, error: object) -> None:
        share = getattr(node, "workeroutput", {}).get(KEY)
        if share is None:
            self.has_crashed = True
        else:
            self.shares.append(share)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.here is not None:
            self.shares.append(self.here.share())
        self.lost |= self._outside()
        files = self.files
        if files.target is not None:
            self.line = self._write(session, files.target)
            return
        self.new = self._new()
        if self.new and self.is_error and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        assert files.known is not None
        name = shown(files.known)
        if not self._is_whole(session):
            if files.prunes:
                self.line = f"heard: this run was not of all tests, so nothing is taken out of {name}"
            return
        stale = self._stale(is_whole=True)
        if files.prunes:
            write(files.known, self.known - stale)
            self.line = f"heard: took {_counted(stale)} out of {name}"
        elif stale:
            first, *others = sorted({key[0] or "outside of the tests" for key in stale})
            where = f"{first} and {len(others)} more" if others else first
            self.line = (
                f"heard: {_counted(stale)} of {name} did not happen ({where}); --heard-prune-baseline takes them out"
            )

    def _write(self, session: pytest.Session, target: pathlib.Path) -> str:
        """Writes what is lost now, and of what was known before all that this run cannot tell of. Returns what to say."""
        option = session.config.option
        if not self.passed or option.collectonly or option.setuponly:
            return f"heard: the tests were not run, so {shown(target)} is not written"
        if not _has_ended(session):
            return f"heard: the run was broken off, so {shown(target)} is not written"
        if not self._is_whole(session) and self.files.before() is None:
            return f"heard: {shown(target)} cannot be read, and this run was not of all tests, so it is not written anew"
        kept = self.known - self._stale(self._is_whole(session)) - self.lost
        write(target, self.lost + kept)
        line = f"heard: wrote {_counted(self.lost + kept)} to {shown(target)}"
        return f"{line}, {kept.total()} of them as before, of which this run cannot tell" if kept else line

    def _outside(self) -> Losses:
        """What all processes together have lost outside of the tests."""
        outside = [losses_of(share["outside"]) for share in self.shares]
        once = [losses_of(share["once"]) for share in self.shares]
        # What a fixture of the session loses, it loses in each process, and that counts as one.
        in_each = [all_of_it - one for all_of_it, one in zip(outside, once, strict=True)]
        return sum(once, Losses()) + functools.reduce(operator.or_, in_each, Losses())

    def _new(self) -> list[str]:
        """Losses outside of the tests of which no process has more than are known, and all of them together have."""
        lines = []
        for key, total in sorted(self.lost.items()):
            test, rule, coroutine, exception = key
            most = max((losses_of(share["outside"])[key] for share in self.shares), default=0)
            if not test and most <= self.known[key] < total:
                what = " ".join(part for part in (rule, f"of {coroutine}" if coroutine else "", exception) if part)
                lines.append(f"heard: {total} losses outside of the tests ({what}), of which {self.known[key]} known")
        return lines

    def _is_whole(self, session: pytest.Session) -> bool:
        """Whether the run has come to its end, with all that there is in the files that it was about."""
        if self.has_crashed or not self.shares:
            return False
        return _has_ended(session) and all(share["is_whole"] for share in self.shares)

    def _stale(self, is_whole: bool) -> Losses:
        """Known losses of tests that have passed without them or, where the run tells that, are gone."""
        gone = set.intersection(*(set(share["gone"]) for share in self.shares)) if is_whole else set()
        stale = self.known - self.lost
        return Losses({key: count for key, count in stale.items() if key[0] in gone or self.passed.get(key[0])})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.new:
            terminalreporter.write_line(line)
        if self.line:
            terminalreporter.write_line(self.line)


class Worker:
    """In a worker of pytest-xdist: hands over its share."""

    def __init__(self, known: Known) -> None:
        self.known = known

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        typing.cast(typing.Any, session.config).workeroutput[KEY] = self.known.share()


def register(config: pytest.Config, here: Known | None) -> None:
    """Puts in place what this process has to do for the baseline, if there is one. `here`: where it runs the tests."""
    files = here.files if here is not None else Files.of(config)
    if not files.are_there():
        return
    is_error = (config.getoption("--heard") or config.getini("heard")) == "error"
    plugin: object
    if here is None:
        plugin = Ledger(files, files.read(), None, is_error)
    elif hasattr(config, "workerinput"):
        plugin = Worker(here)
    else:
        plugin = Ledger(files, here.known, here, is_error)
    config.pluginmanager.register(plugin, "heard-ledger")


def _has_ended(session: pytest.Session) -> bool:
    """Whether nothing has ended the run before its time, as `-x` does."""
    if session.shouldstop or session.shouldfail:
        return False
    return session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def _counted(losses: Losses) -> str:
    total = losses.total()
    return f"{total} known {'loss' if total == 1 else 'losses'}"
