"""One run of a test apart from all others, with a failure or without."""

from __future__ import annotations

import random
import time
import types
import typing
from collections.abc import Callable, Generator

import pytest
from _pytest.runner import runtestprotocol

from heard.record import Failure
from heard.testing.faults.failing import Failing
from heard.testing.faults.hearing import Ears, Heard
from heard.testing.faults.mark import MARK, carries, is_in
from heard.testing.faults.point import Point
from heard.testing.faults.points import Points
from heard.testing.faults.result import Ran
from heard.testing.faults.scope import cached
from heard.testing.faults.settings import Inject
from heard.testing.faults.watch import watch
from heard.testing.listener import PENDING
from heard.testing.pytest.faults.apart import apart_of
from heard.testing.pytest.run import Lost, Run


class Trial:
    """Runs a test with all its fixtures, those of classes, modules and the session included."""

    def __init__(self, item: pytest.Item, run: Run, inject: Inject, point: Point | None, failure: str) -> None:
        self.item = item
        self.run = run
        self.inject = inject
        self.point = point
        self.failing = Failing(point, failure) if point is not None else None
        self.ears = Ears(inject.handlers)
        self.points: list[Point] = []
        self.reports: list[pytest.TestReport] = []
        self.losses: list[Failure] = []
        self.allowed: list[Failure] = []
        #: Phases that failed, or did not run, with the last line of why.
        self.errors: list[str] = []
        self.told: list[BaseException] = []

    def go(self) -> Ran:
        """Runs it once."""
        # Where the test draws numbers, they are the same each time.
        random.seed(0)
        run = self.run
        # What earlier tests have left is not this one's.
        self.left()
        run.is_error, run.observer = True, self.lost
        manager = self.item.config.pluginmanager
        for plugin in manager.get_plugins():
            if type(plugin).__name__ == "WorkerInteractor":
                # Only the process that was forked off speaks with the one that started it.
                manager.unregister(plugin)
        ends: list[Callable[[], object]] = [self.ears.listen(), watch(self.watcher())]
        manager.register(self)
        started = time.perf_counter()
        try:
            # Wrappers of other plugins, like pytest's own for warnings, stand around this run as around any other.
            self.item.ihook.pytest_runtest_protocol(item=self.item, nextitem=None)
        finally:
            for end in ends:
                end()
            manager.unregister(self)
        duration = time.perf_counter() - started
        # What outlives the test, since a fixture has kept it, is lost as well.
        self.losses += [pair[0] for pair in self.left() if not run.allowed.covers(*pair)]
        if any(report.outcome == "skipped" or hasattr(report, "wasxfail") for report in self.reports):
            self.errors.append("it was skipped, or is expected to fail")
        return self.told_of(duration)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        """In the place of pytest's own, and tells nobody of it."""
        self.reports = runtestprotocol(item, log=False, nextitem=None)
        return True

    def watcher(self) -> Points:
        has = cached(self.inject.scope)
        is_apart = apart_of(self.item)
        if self.failing is None:
            return Points(has, self.note, is_apart=is_apart)
        failing = self.failing
        tell = (failing.passed, failing.resumed, failing.handled, failing.raised)
        return Points(has, *tell, is_apart=is_apart, ears=self.ears)

    def note(self, point: Point, _: object) -> None:
        self.points.append(point)

    def lost(self, kept: list[Failure], allowed: list[Failure]) -> None:
        self.losses += kept
        self.allowed += allowed

    def left(self) -> list[tuple[Failure, BaseException | None]]:
        """All that is lost and belongs to no test that runs."""
        listener = self.run.listener
        listener.look()
        listener.settle("the test is over, and nobody has read it", None)
        return listener.take_pairs(lambda failure: failure.event != PENDING)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, object, object]:
        self.told += [one for one in self.run.listener.told if carries(one)]
        report: typing.Any = yield
        if report.outcome == "failed":
            error = call.excinfo.value if call.excinfo is not None else None
            if not isinstance(error, Lost):
                said = str(getattr(report.longrepr, "reprcrash", None) or report.longreprtext)
                self.errors.append(f"{report.when}: {said.strip().splitlines()[-1] if said.strip() else 'it failed'}")
        return report

    def told_of(self, duration: float) -> Ran:
        heard = list(self.ears.heard)
        if self.errors:
            heard.insert(0, Heard("outcome", f"the test: {self.errors[0]}"))
        if self.told:
            heard.append(Heard("handler", "a handler of the loop, or what the test looks at"))
        if any(is_in(failure.as_dict()["exception"]) for failure in self.allowed):
            heard.append(Heard("allowed", "nobody, and that is allowed"))
        if any(MARK in content for report in self.reports for title, content in report.sections if "std" in title):
            heard.append(Heard("log", "what the program prints"))
        return Ran(
            passed=not self.errors,
            duration=duration,
            points=self.points,
            came=self.failing is not None and self.failing.has_come,
            heard=heard,
            losses=[failure.as_dict() for failure in self.losses],
            handled_at=self.failing.handled_at if self.failing is not None else None,
            error=self.errors[0] if self.errors else "",
        )

