"""What of a run of tests is known to be lost, in the process that runs them."""

from __future__ import annotations

import os
import re
import typing
from collections.abc import Generator, Iterable

import pytest

from heard.record import Failure
from heard.testing.pytest import stages
from heard.testing.pytest.baseline import Files, Key, Losses

#: The attribute by which the report of a test has its losses: reports come back from forked and remote processes.
LOST = "heard_lost"
Row = tuple[str, str, str, str, int]


class Known:
    """Tells known losses from new ones, and which of the tests with known ones are gone."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.files = Files.of(config)
        self.known = self.files.read()
        #: What the test that runs has lost so far, in this attempt.
        self.lost = Losses()
        #: What no test has lost.
        self.outside = Losses()
        #: Of these, what some test has begun, so that no other process has the same one.
        self.once = Losses()
        self.collected: set[str] = set()
        #: Files and classes that have told which tests they have.
        self.looked_into: set[str] = set()
        #: Files and classes whose tests are not known, since they were skipped as a whole.
        self.skipped: list[str] = []
        options = ("lf", "ignore", "ignore_glob", "collectonly", "setuponly")
        #: Whether nothing has kept a test away.
        self.is_whole = not any(config.getoption(option, None) for option in options)
        if self.files.are_there():
            config.pluginmanager.register(self, "heard-known")

    def begin(self) -> None:
        """A test begins, perhaps not for the first time."""
        self.lost.clear()

    def unknown(self, nodeid: str, failures: list[Failure]) -> list[Failure]:
        """Those that are not known, of one test; of none of them while a baseline is written."""
        new = []
        lost = self.lost if nodeid else self.outside
        for failure in failures:
            key = _key(nodeid, failure)
            lost[key] += 1
            if not nodeid and stages.is_of_test(failure.test):
                self.once[key] += 1
            if lost[key] > self.known[key]:
                new.append(failure)
        return [] if self.files.target is not None else new

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self.lost:
            setattr(report, LOST, rows(self.lost))
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)
        elif report.failed:
            self.is_whole = False
        else:
            self.looked_into.add(report.nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        before = {item.nodeid for item in items}
        yield
        self.collected = {item.nodeid for item in items}
        self.is_whole &= before <= self.collected

    def share(self) -> dict[str, typing.Any]:
        """What the process that tells of the run has to know, as plain data."""
        folders = [os.path.abspath(arg) for arg in map(self._absolute, self.config.args)]
        gone = [
            test
            for test in {key[0] for key in self.known}
            if test not in self.collected
            and not test.startswith(tuple(self.skipped))
            and self._is_below(test, folders)
            and (not test or self._is_gone(test))
        ]
        return {"is_whole": self.is_whole, "gone": sorted(gone), "outside": rows(self.outside), "once": rows(self.once)}

    def _is_gone(self, test: str) -> bool:
        """Whether a test that was not collected is nowhere else either: a platform, a setting or a `conftest.py` may
        only have left it out."""
        file, *names = test.partition("[")[0].split("::")
        path = self.config.rootpath / file
        if not path.exists():
            return True
        if file not in self.looked_into:
            return False
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        missing = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is None]
        if missing == names[-1:] and len(names) > 1:
            # A class that is there may have a test from one that it is derived from, in another file.
            return "::".join((file, *names[:-1])) in self.looked_into
        return bool(missing)

    def _absolute(self, argument: str) -> str:
        return os.path.join(self.config.invocation_params.dir, argument)

    def _is_below(self, test: str, folders: list[str]) -> bool:
        """Whether a test would have been found if it were there. One that is asked for by name has to be there."""
        if not test:
            # What no test has lost may come from any of them.
            return not self.config.option.file_or_dir
        file = os.path.abspath(self.config.rootpath / test.partition("::")[0])
        return any(file == folder or file.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def rows(losses: Losses) -> list[Row]:
    return [(*key, count) for key, count in losses.items()]


def losses_of(found: Iterable[Row]) -> Losses:
    return Losses({(test, rule, coroutine, exception): count for test, rule, coroutine, exception, count in found})


def _key(nodeid: str, failure: Failure) -> Key:
    exception = failure.exception.type if failure.exception is not None else ""
    return nodeid, failure.rule, failure.coroutine or "", exception
