"""Runs the tests of a project, plainly or under heard, and reads what came of each."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import subprocess
import tempfile
import typing
import xml.etree.ElementTree
from pathlib import Path

from suite.environment import Prepared
from suite.project import Project, Shape


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


def run(project: Project, prepared: Prepared, heard: Path | None, limit: float) -> Ran:
    """Runs the tests, under the package in the folder `heard` if one is given, for at most `limit` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        results, records = Path(folder) / "results.xml", Path(folder) / "records"
        pytest = ["pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", f"--junitxml={results}"]
        launcher = ["-m", "heard", "run", "--quiet", "--json", str(records)] if heard else []
        command = [str(prepared.python), *launcher]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTHON"))}
        if heard:
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
        seconds, outcomes = _outcomes(results)
        return Ran(outcomes, _lines(records), said, seconds)


def _outcomes(results: Path) -> tuple[float, dict[str, str]]:
    """The seconds that the tests took, and what came of each, from the file that pytest writes at its end."""
    if not results.exists():
        return 0.0, {}
    (suite,) = xml.etree.ElementTree.parse(results).getroot().iter("testsuite")
    found: dict[str, str] = {}
    for case in suite.iter("testcase"):
        name = f"{case.get('file', '')}::{case.get('classname')}::{case.get('name')}"
        states = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[name] = {"failure": "failed"}.get(states[0], states[0]) if states else "passed"
    return float(suite.get("time", "0")), found


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
