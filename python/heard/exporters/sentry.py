"""Records for Sentry: `pip install heard-runtime[sentry]`."""

from __future__ import annotations

import logging
import os
import sys
import typing

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger

from heard.exporters import Exporter
from heard.monitor.hooks import sentry
from heard.report import text
from heard.report.events import level_of

if typing.TYPE_CHECKING:
    from sentry_sdk.types import Event

    from heard.record import Failure, Place, Raised


class Sentry(Exporter):
    """One issue for each shape of failure: by rule, coroutine, type of the exception and place of birth.

    `sentry_sdk.init` may come before or after. What Sentry's own asyncio integration has sent is not sent again, and
    the log records of heard are not taken for events of their own.
    """

    def __init__(self) -> None:
        ignore_logger("heard")

    def wants(self, failure: Failure, exception: BaseException | None) -> bool:
        if failure.verdict in ("retracted", "escalated") or level_of(failure.event, failure.verdict) < logging.WARNING:
            # Not a failure of its own.
            return False
        return not sentry.has_sent(exception)

    def export(self, failure: Failure) -> None:
        sentry_sdk.capture_event(_event(failure))

    def close(self) -> None:
        sentry_sdk.flush(timeout=2.0)


def _event(failure: Failure) -> Event:
    raised = failure.exception
    born = failure.born[0] if failure.born else None
    event: dict[str, typing.Any] = {
        "timestamp": failure.time,
        "level": "error" if level_of(failure.event, failure.verdict) >= logging.ERROR else "warning",
        "logger": "heard",
        "fingerprint": [
            "heard",
            failure.rule or failure.event,
            failure.coroutine or "",
            raised.type if raised is not None else "",
            f"{born.path}:{born.function}" if born is not None else "",
        ],
        "tags": {"heard.rule": failure.rule, "heard.event": failure.event, "heard.verdict": failure.verdict or ""},
        "contexts": {
            "heard": {
                "why": failure.why,
                "task": failure.task,
                "coroutine": failure.coroutine,
                "born": [f"{place.path}:{place.line} in {place.function}" for place in failure.born],
                "holder": failure.holder,
                "repeated": failure.repeated,
                "id": failure.id,
            }
        },
        "logentry": {"formatted": text.headline(failure.event, failure.task, failure.coroutine)},
    }
    if raised is not None:
        event["exception"] = {"values": list(_values(raised))}
    if failure.traceparent is not None:
        _, trace_id, span_id, _ = failure.traceparent.split("-")
        event["contexts"]["trace"] = {"trace_id": trace_id, "span_id": span_id}
    return typing.cast("Event", event)


def _values(raised: Raised) -> typing.Iterator[dict[str, typing.Any]]:
    """The chain of exceptions, the outermost cause first, as Sentry wants it."""
    before = raised.cause or raised.context
    if before is not None:
        yield from _values(before)
    module, _, name = raised.type.rpartition(".")
    yield {
        "type": name,
        "module": module or None,
        "value": raised.message,
        "mechanism": {"type": "heard", "handled": False},
        "stacktrace": {"frames": [_frame(place) for place in raised.traceback]},
    }


def _frame(place: Place) -> dict[str, typing.Any]:
    import linecache

    return {
        "filename": os.path.basename(place.path),
        "abs_path": place.path,
        "function": place.function,
        "lineno": place.line,
        "context_line": linecache.getline(place.path, place.line).rstrip("\n") or None,
        "in_app": "site-packages" not in place.path and not place.path.startswith(sys.base_prefix),
    }
