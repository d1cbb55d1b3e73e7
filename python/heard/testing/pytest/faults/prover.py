"""Runs the tests that reach each finding of `heard check`, with the failure that it says nobody hears."""

from __future__ import annotations

import functools
import json
import os
import sys
import typing

import pytest

from heard.monitor.places import shown
from heard.testing.faults.findings import HANDLERS, Finding
from heard.testing.faults.order import Order
from heard.testing.faults.proof import WHEN, Proof, asked, judge, orders, reaches, seen
from heard.testing.faults.result import Ran
from heard.testing.faults.settings import Inject
from heard.testing.pytest.faults import isolation
from heard.testing.pytest.faults.trial import apart
from heard.testing.pytest.run import Run

#: Where the process that proves finds what it is to do.
VARIABLE = "HEARD_PROVE"

#: Tests that are tried for one finding.
_MOST_TESTS = 3


class Prover:
    """The plugin in the process that runs the tests for `heard prove`, in the place of their usual run."""

    def __init__(self, run: Run, inject: Inject, task: dict[str, typing.Any]) -> None:
        self.run = run
        self.inject = inject
        self.findings = [Finding.from_dict(one) for one in task["findings"]]
        self.answer = task["answer"]
        self.is_shown = task["progress"]
        self.items: dict[str, pytest.Item] = {}
        #: How each test runs as it is.
        self.runs: dict[str, Ran] = {}
        self.unrepeatable: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during the collection of the tests")
        order = asked(self.findings)
        for number, item in enumerate(session.items):
            self.show(f"test {number + 1} of {len(session.items)}")
            ran = apart(item, self.run, self.inject, order, isolation.limit(60))
            self.items[item.nodeid], self.runs[item.nodeid] = item, ran
            if not ran.passed:
                self.unrepeatable[item.nodeid] = ran.error
        proofs = []
        for number, finding in enumerate(self.findings):
            self.show(f"finding {number + 1} of {len(self.findings)}")
            proofs.append(self.prove(finding))
        self.show("")
        told = {"proofs": [proof.as_dict() for proof in proofs], "unrepeatable": self.unrepeatable}
        with open(self.answer, "w", encoding="utf-8") as file:
            json.dump(told, file)
        return True

    def prove(self, finding: Finding) -> Proof:
        """The verdict on one finding, over all tests."""
        reached = [test for test, ran in self.runs.items() if reaches(finding, ran)]
        for test, ran in self.runs.items():
            detail = seen(finding, ran)
            if detail is not None:
                return Proof(finding, "proved", detail, test)
        heard: Proof | None = None
        tried = 0
        for test in [test for test in reached if self.runs[test].passed][:_MOST_TESTS]:
            for order in orders(finding, self.runs[test]):
                tried += 1
                ran = apart(self.items[test], self.run, self.inject, order, isolation.limit(self.runs[test].duration))
                verdict = judge(finding, ran)
                if verdict is None:
                    continue
                proof = Proof(finding, *verdict, test, order.failure, order.points[0])
                if proof.verdict == "proved":
                    return proof
                heard = heard or proof
        if heard is not None:
            return heard
        if not reached:
            copy = _copy_of(finding.path, self.imported)
            why = f"the tests run another copy of this file: {shown(copy)}" if copy is not None else "no test reaches it"
            return Proof(finding, "not reached", why)
        return Proof(finding, "not reached", _why_not(finding, tried), reached[0])

    @functools.cached_property
    def imported(self) -> list[str]:
        """The files of all modules that the tests have imported."""
        files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        return sorted({os.path.realpath(file) for file in files if isinstance(file, str)})

    def show(self, text: str) -> None:
        """Where it stands, in place, on a terminal."""
        if self.is_shown:
            os.write(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, f"\r\x1b[Kheard: {text}".encode())


def _why_not(finding: Finding, tried: int) -> str:
    if not tried:
        return "the tests that reach it make nothing fail there"
    if finding.rule in WHEN:
        return "failures came and were heard; whether that was too late, no test tells"
    if sys.version_info < (3, 12) and finding.rule in HANDLERS:
        return "failures came, and Python 3.11 does not tell where they were handled; newer ones do"
    return "no failure that was injected there got as far as this"


def _copy_of(path: str, imported: list[str]) -> str | None:
    """The file that was imported in the place of this one: a package is often tested as it is installed."""
    mine = os.path.realpath(path)
    if mine in imported:
        return None
    name, folder = os.path.basename(mine), os.path.dirname(mine)
    while os.path.exists(os.path.join(folder, "__init__.py")):
        name, folder = os.path.join(os.path.basename(folder), name), os.path.dirname(folder)
    if os.sep not in name:
        # Any module may have the name of one that is in no package.
        return None
    return next((file for file in imported if file.endswith(os.sep + name)), None)
