"""The results for a person, as lines of a table."""

from __future__ import annotations

from collections.abc import Iterator

from heard.report.text import counted
from heard.testing.faults.told import Told

#: Lines of tests that are named at one point.
_MOST_TESTS = 3
_WHERE = {"task": "the task of", "call": "the call of", "await": "an await in"}


def lines(told: Told) -> Iterator[str]:
    """What survived, by place, and the totals."""
    by_fingerprint = {finding.fingerprint: finding for finding in told.findings or ()}
    for results in told.survivors().values():
        first = results[0]
        point = first.point
        yield f"{told.shown(point.place)}: {first.failure} in {_WHERE[point.kind]} {point.place.function}"
        if point.by is not None:
            label = "born" if point.kind == "task" else "called"
            yield f"  {label:8} {told.shown(point.by)} in {point.by.function}"
        yield f"  {'survived':8} {first.detail}"
        finding = by_fingerprint.get(first.finding or "")
        if finding is not None:
            yield f"  {'check':8} {finding.rule}: {finding.message}"
        tests = list(dict.fromkeys(result.test for result in results))
        for index, test in enumerate(tests[:_MOST_TESTS]):
            yield f"  {'tests' if index == 0 else '':8} {test}"
        if len(tests) > _MOST_TESTS:
            yield f"  {'':8} and {len(tests) - _MOST_TESTS} more"
        yield ""
    yield from totals(told)


def totals(told: Told) -> Iterator[str]:
    tests = len({result.test for result in told.results})
    survived = told.count("survived")
    failures, of_tests = counted(len(told.results), "failure"), counted(tests, "test")
    said = f"{failures} injected into {of_tests}: {told.count('heard')} heard, {survived} survived"
    if missed := told.count("not reached"):
        said += f", {missed} did not come again"
    yield said + "."
    if told.left_out:
        yield f"{counted(told.left_out, 'failure')} left out by --heard-inject-limit or --heard-inject-time."
    for test, why in told.unrepeatable.items():
        yield f"Nothing was injected into {test}, which does not pass when it runs alone: {why}"
    if told.findings is None:
        yield f"What `heard check` finds is not compared: {told.no_findings}."
    else:
        yield f"`heard check` has {counted(len(told.findings), 'finding')}: {len(told.proved())} proved by a survivor."
