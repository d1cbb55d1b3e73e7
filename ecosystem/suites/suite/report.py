"""What the runs of a suite say, as text."""

from __future__ import annotations

import collections
import json

from suite.project import Judgement, Project, Shape
from suite.runs import Ran, Way

#: What the plugin writes above what belongs to no test.
OUTSIDE = "heard: failures outside of the tests that ran"


def project(
    of: Project, plain: list[Ran], monitored: list[Ran], different: dict[str, str], found: dict[Shape, int]
) -> str:
    """What there is to say of one suite."""
    lines = _beginning(of, plain[0], monitored[0], Way.MONITORED)
    lines += [f"  other   {name}: {change}" for name, change in different.items()]
    known = {record.shape for record in of.records}
    for shape, count in found.items():
        if shape not in known:
            lines.append(f"  new     {count} × {_words(shape)}")
    lines += [f"  gone    {_words(record.shape)}" for record in of.records if record.shape not in found]
    return "\n".join(lines)


def tests(of: Project, plain: list[Ran], plugin: list[Ran], different: dict[str, str]) -> str:
    """What the pytest plugin says of one suite."""
    lines = _beginning(of, plain[0], plugin[0], Way.PLUGIN)
    known = {test.name for test in of.failed_by_plugin}
    for name, change in different.items():
        if name not in known:
            lines.append(f"  new     {name}: {change}")
            lines += [f"    {line}" for line in plugin[0].reasons.get(name, "").splitlines()]
    lines += [f"  gone    {test.name}" for test in of.failed_by_plugin if test.name not in different]
    _, found, outside = plugin[0].output.partition(OUTSIDE)
    lines += [f"    {line}" for line in (found + outside).splitlines()]
    return "\n".join(lines)


def _beginning(of: Project, plain: Ran, other: Ran, way: Way) -> list[str]:
    lines = [f"{of.name}: plainly {_counts(plain)}, {way.value} {_counts(other)}"]
    for ran, how in ((plain, Way.PLAIN), (other, way)):
        if not ran.outcomes:
            lines.append(f"  {how.value}, pytest did not come to its end:")
            lines += [f"    {line}" for line in ran.output.splitlines()[-25:]]
    return lines


def table(projects: list[Project]) -> str:
    """How many records of each judgement are expected."""
    lines = [
        "| Project | Shapes | Records | " + " | ".join(Judgement) + " |",
        "|---|---|---|" + "---|" * len(Judgement),
    ]
    total: collections.Counter[str] = collections.Counter()
    for one in projects:
        counts = collections.Counter(record.judgement for record in one.records)
        total.update(counts)
        records = sum(record.count for record in one.records)
        lines.append(
            f"| {one.requirement} | {len(one.records)} | {records} | "
            + " | ".join(str(counts[j]) for j in Judgement)
            + " |"
        )
    every = sum(len(one.records) for one in projects)
    records = sum(record.count for one in projects for record in one.records)
    lines.append(f"| all | {every} | {records} | " + " | ".join(str(total[j]) for j in Judgement) + " |")
    return "\n".join(lines)


def json_of(ran: Ran) -> str:
    """The records of a run, to be read."""
    return json.dumps(ran.records, indent=1)


def _counts(ran: Ran) -> str:
    counts = collections.Counter(ran.outcomes.values())
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"{said or 'nothing'} in {ran.seconds:.0f} s"


def _words(shape: Shape) -> str:
    born = f", born {shape.born}" if shape.born else ""
    return (
        f"{shape.event} [{shape.verdict or shape.rule}] {shape.exception} of {shape.coroutine or 'no coroutine'}{born}"
    )
