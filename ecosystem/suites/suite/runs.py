"""Runs the tests of a project, plainly or under heard, and reads what came of each."""

from __future__ import annotations

import collections
import dataclasses
import enum
import json
import os
import subprocess
import tempfile
import typing
import xml.etree.ElementTree
from pathlib import Path

from suite.environment import Prepared
from suite.project import Project, Shape


class Way(enum.Enum):
    """How pytest is run."""

    PLAIN = "plainly"
    MONITORED = "under heard"
    PLUGIN = "with the plugin"


@dataclasses.dataclass(frozen=True)
class Ran:
    """A run of all tests."""

    #: What came of each test: passed, failed, error or skipped. Empty if pytest did not come to its end.
    outcomes: dict[str, str]
    #: The lines of JSON that heard wrote.
    records: list[dict[str, typing.Any]]
    #: The last lines that were printed.
    output: str
    seconds: float
    #: What is said of each test that has failed, or has an error.
    reasons: dict[str, str] = dataclasses.field(default_factory=dict)


def run(project: Project, prepared: Prepared, way: Way, heard: Path, limit: float) -> Ran:
    """Runs the tests, with the package in the folder `heard` if the way needs it, for at most `limit` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        results, records = Path(folder) / "results.xml", Path(folder) / "records"
        pytest = ["pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={results}"]
        if way is Way.PLUGIN:
            pytest += ["-p", "heard.pytest_plugin"]
        launcher = ["-m", "heard", "run", "--quiet", "--json", str(records)] if way is Way.MONITORED else []
        command = [str(prepared.python), *launcher]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTHON"))}
        if way is not Way.PLAIN:
            environment["PYTHONPATH"] = str(heard)
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [*command, "-m", *pytest, *project.arguments],
                cwd=prepared.root, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                # What it has started is in its session.
                os.killpg(process.pid, 9)
                process.wait()
            output.seek(0)
            said = output.read()[-4000:]
        outcomes, reasons, seconds = _outcomes(results)
        return Ran(outcomes, _lines(records), said, seconds, reasons)


def _outcomes(results: Path) -> tuple[dict[str, str], dict[str, str], float]:
    """What came of each test, what is said of those that have failed, and the seconds that all took, from the file
    that pytest writes at its end."""
    if not results.exists():
        return {}, {}, 0.0
    (suite,) = xml.etree.ElementTree.parse(results).getroot().iter("testsuite")
    found: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for case in suite.iter("testcase"):
        name = f"{case.get('file', '')}::{case.get('classname')}::{case.get('name')}"
        states = [child for child in case if child.tag in ("failure", "error", "skipped")]
        found[name] = {"failure": "failed"}.get(states[0].tag, states[0].tag) if states else "passed"
        if found[name] in ("failed", "error"):
            reasons[name] = states[0].text or ""
    return found, reasons, float(suite.get("time", "0"))


def _lines(records: Path) -> list[dict[str, typing.Any]]:
    if not records.exists():
        return []
    return [json.loads(line) for line in records.read_text(encoding="utf-8", errors="replace").splitlines()]


def shapes(records: list[dict[str, typing.Any]], root: Path) -> dict[Shape, int]:
    """How many records there are of each shape, by the last verdict on each failure."""
    last = {record["id"]: record for record in records}
    counted: collections.Counter[Shape] = collections.Counter()
    for record in last.values():
        exception = record.get("exception") or {}
        shape = Shape(
            record["event"],
            record["rule"],
            record["verdict"] or "",
            exception.get("type", ""),
            record["coroutine"] or "",
            _born(record["born"], root),
        )
        counted[shape] += 1 + record.get("repeated", 0)
    return dict(counted)


def _born(places: list[dict[str, typing.Any]], root: Path) -> str:
    """The innermost place, by a path that is the same on every machine."""
    if not places:
        return ""
    path = places[0]["path"]
    for start in (f"{root}/", "site-packages/", "/lib/python3"):
        before, found, after = path.partition(start)
        if found:
            return f"{after.partition('/')[2] if start == '/lib/python3' else after} in {places[0]['function']}"
    return f"{Path(path).name} in {places[0]['function']}"


def differences(plain: list[Ran], monitored: list[Ran]) -> dict[str, str]:
    """Tests that came out otherwise under heard than plainly, in every run of them."""
    found = {}
    for name in sorted({name for ran in (*plain, *monitored) for name in ran.outcomes}):
        before = {ran.outcomes.get(name, "not run") for ran in plain}
        after = {ran.outcomes.get(name, "not run") for ran in monitored}
        if before.isdisjoint(after):
            found[name] = f"{'/'.join(sorted(before))} → {'/'.join(sorted(after))}"
    return found
