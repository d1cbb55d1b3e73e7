"""A report for a person."""

from __future__ import annotations

import textwrap

from heard.record import Failure
from heard.monitor.places import shown
from heard.report.events import ADVICE, EVENTS


def block(failure: Failure) -> str:
    """The lines of a report."""
    task = f"'{failure.task}'" if failure.task else ""
    if failure.coroutine and failure.coroutine != failure.task and failure.event != "coroutine-never-awaited":
        task = f"{task} ({failure.coroutine})" if task else failure.coroutine
    head = EVENTS[failure.event].head.format(task=task, coroutine=f"'{failure.coroutine}'")
    if failure.verdict == "retracted":
        head = head.removesuffix(", and nobody hears it")
        return f"heard: retracted: {head}; its failure was read after all ({failure.id})"
    if failure.repeated:
        what = failure.exception.type if failure.exception else failure.event
        return f"heard: {failure.repeated} more like this: {head} [{what}] ({failure.id})"
    level = {"lost": "lost", "unread": "unread so far", "escalated": "never read"}.get(failure.verdict or "", "")
    exception = failure.exception
    if exception is not None:
        head = f"{head}: {exception.type}: {exception.message}" if exception.message else f"{head}: {exception.type}"
    lines = [f"heard: {'[' + level + '] ' if level else ''}{head}"]
    for index, place in enumerate(failure.born):
        label = (
            ("dropped" if failure.event == "coroutine-never-awaited" and failure.holder == "nobody" else "born")
            if index == 0
            else ""
        )
        lines.append(f"  {label:8} {shown(place.path)}:{place.line} in {place.function}")
    if failure.why:
        lines.append(f"  {'why':8} {failure.why}")
    advice = ADVICE.get(failure.rule)
    if advice:
        lines.append(f"  {'fix':8} {advice}")
    if failure.rule:
        lines.append(f"  {'rule':8} {failure.rule} (`heard rule {failure.rule}` says more; failure {failure.id})")
    if exception is not None and exception.text and failure.verdict != "escalated":
        lines.append(textwrap.indent(exception.text.rstrip("\n"), "  | "))
    return "\n".join(lines)
