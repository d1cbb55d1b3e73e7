"""Runs the tests that have passed again, with failures in them."""

from __future__ import annotations

import json
import os
import pathlib
import time
import typing
from collections.abc import Callable, Generator

import pytest

from heard.testing.faults import plan
from heard.testing.faults.failing import exception_of
from heard.testing.faults.findings import NoFindings, check, read
from heard.testing.faults.order import Order
from heard.testing.faults.point import Point
from heard.testing.faults.result import Result
from heard.testing.faults.scope import Scope
from heard.testing.faults.settings import Inject, handlers_of
from heard.testing.faults.told import Told
from heard.testing.pytest.baseline import check_writable
from heard.testing.pytest.faults import isolation
from heard.testing.pytest.faults.patience import patience
from heard.testing.pytest.faults.prover import VARIABLE, Prover
from heard.testing.pytest.faults.trial import Trial, apart
from heard.testing.pytest.run import Run

#: The key under which a worker of pytest-xdist hands over what it has found.
KEY = "heard-inject"


def settings(config: pytest.Config) -> Inject:
    """What the options ask for. Raises `pytest.UsageError` where that cannot be."""
    asked = typing.cast(Callable[[str], typing.Any], config.getoption)
    failure = asked("--heard-inject-failure")
    try:
        exception_of(failure)
    except ValueError as error:
        raise pytest.UsageError(f"--heard-inject-failure: {error}") from None
    scope = Scope(os.path.realpath(config.rootpath), tuple(asked("--heard-inject-select")))
    handlers = handlers_of(config.rootpath) | frozenset(config.getini("heard_inject_handlers"))
    return Inject(
        scope,
        failure,
        asked("--heard-inject-limit"),
        asked("--heard-inject-time"),
        asked("--heard-inject-fresh") or not isolation.can_fork(),
        handlers,
    )


class Faults:
    """The plugin in the process, or the worker, that runs the tests."""

    def __init__(self, config: pytest.Config, run: Run, inject: Inject) -> None:
        self.config = config
        self.run = run
        self.inject = inject
        self.outcomes: dict[str, set[str]] = {}
        self.told = Told(inject.scope.root)
        self.durations: dict[str, float] = {}
        workers = getattr(config, "workerinput", {}).get("workercount", 1)
        self.limit = None if inject.limit is None else -(-inject.limit // workers)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = "xfail" if hasattr(report, "wasxfail") else report.outcome
        self.outcomes.setdefault(report.nodeid, set()).add(outcome)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        passed = [item for item in session.items if self.outcomes.get(item.nodeid) == {"passed"}]
        self.inject_into(passed)
        return result

    def inject_into(self, items: list[pytest.Item]) -> None:
        """Runs each test once as it is, and then once for each of its points."""
        end = time.monotonic() + self.inject.time if self.inject.time is not None else None
        by_name = {item.nodeid: item for item in items}
        points: dict[str, list[Point]] = {}
        for number, item in enumerate(items):
            if end is not None and time.monotonic() > end:
                break
            self.show(f"looking where failures can come: test {number + 1} of {len(items)}")
            ran = apart(item, self.run, self.inject, Order(), isolation.limit(60))
            if not ran.passed:
                self.told.unrepeatable[item.nodeid] = ran.error
                continue
            points[item.nodeid] = ran.points
            self.durations[item.nodeid] = ran.duration
        everything = plan.steps(points)
        steps = everything[: self.limit]
        for number, (test, point) in enumerate(steps):
            if end is not None and time.monotonic() > end:
                steps = steps[:number]
                break
            self.show(f"failure {number + 1} of {len(steps)}")
            order = Order((point,), self.inject.failure)
            ran = apart(by_name[test], self.run, self.inject, order, isolation.limit(self.durations[test]))
            self.told.results.append(Result.of(test, point, order.failure, ran))
        self.told.left_out = len(everything) - len(steps)
        self.show("")

    def show(self, text: str) -> None:
        """Where it stands, in place, on a terminal."""
        reporter: typing.Any = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and reporter.isatty:
            reporter.rewrite(f"heard: {text}" if text else "", erase=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[KEY] = json.dumps(self.told.as_dict())


class Report:
    """The plugin in the process that tells what came of it."""

    def __init__(self, config: pytest.Config, told: Told) -> None:
        self.config = config
        self.told = told

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: typing.Any, error: object) -> None:
        text = getattr(node, "workeroutput", {}).get(KEY)
        if text is not None:
            self.told.add(json.loads(text))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from heard.testing.faults import page, table

        told = self.told
        try:
            told.findings = read(check(told.root), told.root)
        except NoFindings as error:
            told.no_findings = str(error)
        told.settle()
        terminalreporter.section("heard: failures on purpose")
        for line in table.lines(told):
            terminalreporter.write_line(line)
        for option, text in (("--heard-inject-json", told.document), ("--heard-inject-html", lambda: page.page(told))):
            path = self.config.getoption(option)
            if path is not None:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text())
                terminalreporter.write_line(f"Written to {path}.")


class One:
    """The plugin in a process that was started for one run of one test."""

    def __init__(self, run: Run, path: str) -> None:
        self.run = run
        with open(path, encoding="utf-8") as file:
            self.asked = json.load(file)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        order, inject = Order.from_dict(self.asked["order"]), Inject.from_dict(self.asked["inject"])
        with patience(self.asked["seconds"]):
            ran = Trial(item, self.run, inject, order).go()
        with open(self.asked["answer"], "w", encoding="utf-8") as file:
            json.dump(ran.as_dict(), file)
        return True


def register(config: pytest.Config, run: Run | None) -> None:
    """Puts in place what this process has to do."""
    task = os.environ.get(isolation.VARIABLE)
    manager = config.pluginmanager
    prove = os.environ.get(VARIABLE)
    if run is not None and prove is not None and task is None:
        with open(prove, encoding="utf-8") as file:
            manager.register(Prover(run, settings(config), json.load(file)), "heard-prover")
        return
    if run is not None and task is not None:
        manager.register(One(run, task), "heard-inject-one")
        return
    told = Told(os.path.realpath(config.rootpath))
    if run is not None:
        faults = Faults(config, run, settings(config))
        told = faults.told
        manager.register(faults, "heard-faults")
    else:
        settings(config)
    if not hasattr(config, "workerinput"):
        for option in ("--heard-inject-json", "--heard-inject-html"):
            path = config.getoption(option)
            if path is not None:
                check_writable(pathlib.Path(path), option)
        manager.register(Report(config, told), "heard-faults-report")
