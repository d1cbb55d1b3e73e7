"""Records for OpenTelemetry: `pip install heard-runtime[otel]`."""

from __future__ import annotations

import logging
import typing
from collections.abc import Iterable

from opentelemetry import _logs as logs, metrics, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

import heard
from heard.exporters import Exporter
from heard.monitor import traces
from heard.report import text
from heard.report.events import level_of, lost_of

if typing.TYPE_CHECKING:
    from opentelemetry.util.types import Attributes

    from heard.record import Failure

_SCOPE = "heard"
_SEVERITIES = {
    logging.DEBUG: logs.SeverityNumber.DEBUG,
    logging.INFO: logs.SeverityNumber.INFO,
    logging.WARNING: logs.SeverityNumber.WARN,
    logging.ERROR: logs.SeverityNumber.ERROR,
}


class OpenTelemetry(Exporter):
    """A log record for each failure, with the trace in which it happened; an event on its span, as long as that is
    open; and the counters of `heard.exporters.prometheus` as metrics.

    The providers are those of the process, unless others are given. They may be set after this is made.
    """

    def __init__(
        self,
        *,
        logger_provider: logs.LoggerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._logger = logs.get_logger(_SCOPE, heard.__version__, logger_provider=logger_provider)
        meter = metrics.get_meter(_SCOPE, heard.__version__, meter_provider=meter_provider)
        observe = metrics.Observation
        for name, description, count in (
            ("heard.failures", "What went wrong, by the first report on it.", self._failures),
            (
                "heard.lost",
                "What was reported as lost, and nobody hears any more.",
                lambda _: [observe(lost_of(heard.stats(), heard.totals()))],
            ),
            ("heard.retractions", "Reports on failures that were read after all.", lambda _: [observe(heard.stats().retracted)]),
            ("heard.ignored", "What was not reported, as it was asked.", lambda _: [observe(heard.stats().ignored)]),
        ):
            meter.create_observable_counter(name, callbacks=[count], unit="{failure}", description=description)
        meter.create_observable_gauge(
            "heard.unread",
            callbacks=[lambda _: [observe(heard.stats().unread)]],
            unit="{failure}",
            description="Failures that somebody holds and nobody has read.",
        )

    def _failures(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        return [
            metrics.Observation(count, {"heard.event": event, "heard.rule": rule, "heard.verdict": verdict or ""})
            for (event, rule, verdict), count in heard.totals().items()
        ]

    def export(self, failure: Failure) -> None:
        attributes = _attributes(failure)
        span = traces.span_of(failure.traceparent)
        if span is not None and span.is_recording() and failure.exception is not None:
            span.add_event("exception", attributes, timestamp=int(failure.time * 1e9))
        level = level_of(failure.event, failure.verdict)
        self._logger.emit(
            logs.LogRecord(
                timestamp=int(failure.time * 1e9),
                context=_context(failure.traceparent),
                severity_text=logging.getLevelName(level),
                severity_number=_SEVERITIES[level],
                body=_encodable(text.headline(failure.event, failure.task, failure.coroutine)),
                attributes=attributes,
                event_name="heard.failure",
            )
        )


def _attributes(failure: Failure) -> Attributes:
    """By the semantic conventions of OpenTelemetry where they have a name for it."""
    found: dict[str, str | int] = {
        "heard.event": failure.event,
        "heard.rule": failure.rule,
        "heard.verdict": failure.verdict or "",
        "heard.id": failure.id,
        "heard.why": failure.why,
        "thread.name": failure.thread,
    }
    if failure.task is not None:
        found["heard.task"] = failure.task
    if failure.coroutine is not None:
        found["heard.coroutine"] = failure.coroutine
    if failure.repeated:
        found["heard.repeated"] = failure.repeated
    if failure.exception is not None:
        found["exception.type"] = failure.exception.type
        found["exception.message"] = failure.exception.message
        if failure.exception.text:
            found["exception.stacktrace"] = failure.exception.text
    if failure.born:
        born = failure.born[0]
        found |= {"code.file.path": born.path, "code.line.number": born.line, "code.function.name": born.function}
    return {name: _encodable(value) for name, value in found.items()}


def _encodable(value: str | int) -> str | int:
    """Without lone surrogates, which names of files may have: OTLP is UTF-8, and leaves out an attribute with one."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _context(traceparent: str | None) -> typing.Any:
    if traceparent is None:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    context = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(context))
