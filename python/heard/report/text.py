"""A report for a person."""

from __future__ import annotations

import string
import textwrap
import typing
from collections.abc import Iterable

from heard.monitor.places import shown_place
from heard.record import Event, Failure
from heard.report.events import EVENTS, advice_of

_VERDICTS = {"lost": "[lost] ", "unread": "[unread so far] ", "escalated": "[never read] "}
#: Lines of a report, and frames of the place of birth that it shows. The record has all of them.
_MOST_LINES = 14
_MOST_FRAMES = 3


def block(failure: Failure) -> str:
    """The lines of a report."""
    template, arguments = message(failure)
    said = template % arguments
    shown_traceback = traceback(failure)
    return f"{said}\n{shown_traceback}" if shown_traceback else said


def blocks(failures: Iterable[Failure]) -> list[str]:
    """The reports of many. Of those that are alike, the first is shown, with how many more there are."""
    alike: dict[typing.Hashable, list[Failure]] = {}
    for failure in failures:
        raised = failure.exception.type if failure.exception is not None else ""
        kind = failure.event, failure.rule, failure.coroutine, raised, failure.born[:1]
        alike.setdefault(kind, []).append(failure)
    return [
        block(first) + (f"\n  {'':8} {len(others)} more like this" if others else "")
        for first, *others in alike.values()
    ]


def headline(event: Event, task: str | None, coroutine: str | None) -> str:
    """What happened, in a line without the exception."""
    template, arguments = _head(event, task, coroutine)
    return template % arguments


def counted(number: int, what: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def message(failure: Failure) -> tuple[str, tuple[str, ...]]:
    """A report without its traceback, as a template that is the same for all of a kind, and what is put into it."""
    head, arguments = _head(failure.event, failure.task, failure.coroutine)
    if failure.verdict == "retracted":
        head = head.removesuffix(", and nobody hears it")
        return f"heard: retracted: {head}; its failure was read after all (%s)", (*arguments, failure.id)
    if failure.repeated:
        what = failure.exception.type if failure.exception else failure.event
        return f"heard: %s more like this: {head} [%s] (%s)", (str(failure.repeated), *arguments, what, failure.id)
    verdict = _VERDICTS.get(failure.verdict or "", "")
    details = "".join(f"\n{line}" for line in _details(failure))
    return f"heard: {verdict}{head}%s%s", (*arguments, _summary(failure), details)


def _head(event: Event, task: str | None, coroutine: str | None) -> tuple[str, tuple[str, ...]]:
    name = f"'{task}'" if task else ""
    if coroutine and coroutine != task and event != "coroutine-never-awaited":
        name = f"{name} ({coroutine})" if name else coroutine
    fields = {
        "task": name,
        "subject": f"task {name}" if name else "a future",
        "of": f" of task {name}" if name else "",
        "coroutine": f"'{coroutine}'",
    }
    template, arguments = "", []
    for literal, field, _, _ in string.Formatter().parse(EVENTS[event].head):
        template += literal.replace("%", "%%")
        if field is not None:
            template += "%s"
            arguments.append(fields[field])
    return template, tuple(arguments)


def _summary(failure: Failure) -> str:
    """The exception in a line."""
    exception = failure.exception
    if exception is None:
        return ""
    first, *more = exception.message.splitlines() or [""]
    return f": {exception.type}" + (f": {first}{' …' if more else ''}" if first or more else "")


def _details(failure: Failure) -> typing.Iterator[str]:
    for index, place in enumerate(failure.born[:_MOST_FRAMES]):
        is_dropped = failure.event == "coroutine-never-awaited" and failure.holder == "nobody"
        label = ("dropped" if is_dropped else "born") if index == 0 else ""
        yield f"  {label:8} {shown_place(place)}"
    if failure.why:
        yield f"  {'why':8} {failure.why}"
    advice = advice_of(failure.event, failure.rule)
    if advice is not None:
        yield f"  {'fix':8} {advice}"
    if failure.rule:
        yield f"  {'rule':8} {failure.rule} (`heard rule {failure.rule}` says more; failure {failure.id})"


def traceback(failure: Failure) -> str:
    """The end of the traceback, as many lines as there is room for. Empty where it has been shown before."""
    exception = failure.exception
    if exception is None or not exception.text or failure.verdict == "escalated" or failure.repeated:
        return ""
    lines = exception.text.rstrip("\n").split("\n")
    room = _MOST_LINES - 1 - sum(1 for _ in _details(failure))
    if len(lines) > room:
        end = lines[1 - room :]
        while len(end) > 2 and not end[0].lstrip().startswith("File "):
            end.pop(0)
        lines = [f"… {counted(len(lines) - len(end), 'line')} before these, which the records of --json have", *end]
    return textwrap.indent("\n".join(lines), "  | ")
