"""What a document of `heard logs` says, beside what is true."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from .losses import WARNED, Loss
from .setup import Expected

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?")
#: Clocks that are written without their fraction are behind by up to a second.
_SLACK = timedelta(seconds=1.5)

Document = dict[str, Any]


def problems(
    document: Document, expected: Expected, lines: dict[str, int], began: datetime, ended: datetime
) -> Iterator[str]:
    """What is missing, wrong or invented. `lines` are the marked lines, and the run lay between two moments."""
    left = list(document["incidents"])
    for loss in expected.losses:
        incident = next((one for one in left if _is_of(one, loss)), None)
        if incident is None:
            yield f"missed: {loss.kind} of {loss.coroutine}, {loss.exception}, {loss.count} times"
            continue
        left.remove(incident)
        name = f"{loss.kind} of {loss.coroutine}"
        place = incident["raised_at"] or {}
        if expected.places and loss.raised and place.get("line") != lines[loss.raised]:
            yield f"{name}: raised at {place or 'nowhere'}, and not at line {lines[loss.raised]}"
        is_printed = loss.kind == WARNED and expected.warnings == "printed"
        if not loss.is_untimed and not is_printed:
            yield from (f"{name}: {problem}" for problem in _times(incident, expected.time, began, ended))
    for incident in left:
        at = incident["example"]
        raised = incident["exception"] and incident["exception"]["type"]
        yield (
            f"invented: {incident['kind']} of {incident['coroutine']}, {raised}, {incident['count']} times, "
            f"line {at['line']}: {at['text'][:120]!r}"
        )
    unclear = document["not_understood"]
    if unclear["count"] != expected.not_understood:
        yield f"{unclear['count']} not understood: {[one['text'][:100] for one in unclear['examples'][:3]]}"
    if document["quoted"]["count"]:
        yield f"{document['quoted']['count']} taken for quotes"


def _is_of(incident: Document, loss: Loss) -> bool:
    raised = incident["exception"] and incident["exception"]["type"].rsplit(".")[-1]
    found = (incident["kind"], incident["coroutine"], raised, incident["count"])
    return found == (loss.kind, loss.coroutine, loss.exception, loss.count)


def _times(incident: Document, told: str, began: datetime, ended: datetime) -> Iterator[str]:
    for which in ("first", "last"):
        stamp = incident[which]
        if told == "none":
            if stamp:
                yield f"{which} is {stamp}, which the log does not tell"
        elif not stamp:
            yield f"{which} is not told"
        elif told == "full":
            found = _STAMP.fullmatch(stamp)
            if not found:
                yield f"{which} is {stamp}, which is no full time"
                continue
            moment = datetime.fromisoformat(found[1] + (found[2] or "+00:00"))
            if not began - _SLACK <= moment.astimezone(timezone.utc) <= ended + _SLACK:
                yield f"{which} is {stamp}, when the program did not run"
