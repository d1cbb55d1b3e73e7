"""What the runs of a suite say, as text."""

from __future__ import annotations

import collections
import json

from suite.project import Judgement, Project, Shape
from suite.runs import Ran


def project(
    of: Project, plain: list[Ran], monitored: list[Ran], different: dict[str, str], found: dict[Shape, int]
) -> str:
    """What there is to say of one suite."""
    lines = [f"{of.name}: plainly {_counts(plain[0])}, under heard {_counts(monitored[0])}"]
    for ran, how in ((plain[0], "plainly"), (monitored[0], "under heard")):
        if not ran.outcomes:
            lines += [
                f"  {how}, pytest did not come to its end:",
                *(f"    {line}" for line in ran.output.splitlines()[-25:]),
            ]
    lines += [f"  other   {name}: {change}" for name, change in different.items()]
    known = {record.shape for record in of.records}
    for shape, count in found.items():
        if shape not in known:
            lines.append(f"  new     {count} × {_words(shape)}")
    lines += [f"  gone    {_words(record.shape)}" for record in of.records if record.shape not in found]
    return "\n".join(lines)


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
