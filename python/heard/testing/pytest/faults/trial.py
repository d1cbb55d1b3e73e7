"""One run of a test apart from all others, with failures or without."""

from __future__ import annotations

import contextlib
import logging
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
from heard.testing.faults.lines import watch_lines
from heard.testing.faults.mark import MARK, carries, is_in
from heard.testing.faults.order import Order
from heard.testing.faults.point import Point
from heard.testing.faults.points import Points
from heard.testing.faults.result import Ran
from heard.testing.faults.scope import cached
from heard.testing.faults.sequence import Sequence
from heard.testing.faults.settings import Inject
from heard.testing.faults.watch import watch
from heard.testing.faults.work import Work
from heard.testing.pytest.faults import isolation
from heard.testing.pytest.faults.apart import apart_of
from heard.testing.pytest.faults.patience import DoesNotEnd
from heard.testing.pytest.run import Lost, Run


class Trial:
    """Runs a test with all its fixtures, those of classes, modules and the session included."""

    def __init__(self, item: pytest.Item, run: Run, inject: Inject, order: Order) -> None:
        self.item = item
        self.run = run
        self.inject = inject
        self.order = order
        self.has = cached(inject.scope)
        self.failing = Failing(order.points, order.failure, self.has) if order.points else None
        self.ears = Ears(inject.handlers)
        self.points: list[Point] = []
        self.work = Work(order.failure)
        self.sequence = Sequence()
        self.reports: list[pytest.TestReport] = []
        self.losses: list[Failure] = []
        self.allowed: list[Failure] = []
        #: Phases that failed, or did not run, with the last line of why.
        self.errors: list[str] = []
        #: How the failure was heard.
        self.heard: list[Heard] = []

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
                # Of pytest-xdist: only the process that was forked off speaks with the one that started it.
                manager.unregister(plugin)
        manager.register(self)
        started = time.perf_counter()
        with contextlib.ExitStack() as stack:
            stack.callback(manager.unregister, self)
            for end in (self.ears.listen(), *self.watch()):
                stack.callback(end)
            try:
                # Wrappers of other plugins, like pytest's own for warnings, stand around this run as around any other.
                self.item.ihook.pytest_runtest_protocol(item=self.item, nextitem=None)
            except DoesNotEnd:
                self.errors.append("it does not end")
                self.heard.append(Heard("end", "the test, which does not end"))
        duration = time.perf_counter() - started
        # What outlives the test, since a fixture has kept it, is lost as well.
        self.losses += [pair[0] for pair in self.left() if not run.allowed.covers(*pair)]
        return self.told_of(duration)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        """In the place of pytest's own, and tells nobody of it."""
        self.reports = runtestprotocol(item, log=False, nextitem=None)
        return True

    def watch(self) -> list[Callable[[], None]]:
        others: dict[str, typing.Any] = {"is_apart": apart_of(self.item), "functions": self.order.functions}
        work = self.work
        if (failing := self.failing) is None:
            points = Points(self.has, self.note, ended=self.sequence.ended, waits=work.waits, **others)
        else:
            tell = (failing.passed, failing.resumed, failing.handled, failing.raised)
            points = Points(self.has, *tell, ears=self.ears, **others)
        work.birth_of = points.birth_of

        def runs(frame: types.FrameType) -> bool:
            work.runs(frame)
            return (frame.f_code.co_filename, frame.f_lineno) not in self.order.lines or points.line_runs(frame)

        return [watch(points), watch_lines(self.order.lines | self.order.asked, runs)]

    def note(self, point: Point, _: object) -> None:
        self.points.append(point)
        if point.kind == "task":
            self.sequence.began(point)

    def lost(self, kept: list[Failure], allowed: list[Failure]) -> None:
        self.losses += kept
        self.allowed += allowed

    def left(self) -> list[tuple[Failure, BaseException | None]]:
        """All that is lost and belongs to no test that runs."""
        listener = self.run.listener
        listener.look()
        listener.settle("the test is over, and nobody has read it", None)
        return listener.take_pairs(lambda _: True)

    @pytest.hookimpl(tryfirst=True, wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, object, object]:
        if any(carries(one) for one in self.run.listener.told):
            self.heard.append(Heard("handler", "a handler of the loop, or what the test looks at"))
        report: typing.Any = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if report.outcome == "skipped" or hasattr(report, "wasxfail"):
            self.fails("it was skipped, or is expected to fail", error)
        elif report.outcome == "failed" and not isinstance(error, Lost):
            said = str(getattr(report.longrepr, "reprcrash", None) or report.longreprtext).strip()
            self.fails(f"{report.when}: {said.splitlines()[-1] if said else 'it failed'}", error)
        return report

    def fails(self, why: str, error: BaseException | None) -> None:
        self.errors.append(why)
        self.heard.append(Heard("raised" if carries(error) else "outcome", f"the test: {why}"))

    def told_of(self, duration: float) -> Ran:
        heard = self.heard + self.ears.heard
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
            lines=sorted(self.work.lines),
            work=list(self.work.births),
            touched=sorted(self.work.touched),
            disordered=list(self.sequence.mixed),
            left=list(self.sequence.left),
            is_silenced=not logging.getLogger("asyncio").isEnabledFor(logging.ERROR),
        )


def apart(item: pytest.Item, run: Run, inject: Inject, order: Order, seconds: float) -> Ran:
    """Runs a test in a process of its own, which ends after so many seconds at the latest."""
    if inject.fresh:
        return isolation.fresh(item.config, item, inject, order, seconds)
    return isolation.forked(Trial(item, run, inject, order).go, seconds)
