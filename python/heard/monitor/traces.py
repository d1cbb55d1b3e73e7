"""The trace of OpenTelemetry in which something failed, where the program uses that."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import typing
import weakref

#: The spans in which something has failed, by their names in `traceparent`, as long as the program keeps them.
_spans: weakref.WeakValueDictionary[str, typing.Any] = weakref.WeakValueDictionary()


def traceparent_of(task: object) -> str | None:
    """The W3C trace context of the span that was active where the task failed; of one that has none, `None`.

    It is never imported for this: a program without it has no spans.
    """
    trace: typing.Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    try:
        span = trace.get_current_span()
        own = _context_of(task)
        if own is not None:
            try:
                span = own.run(trace.get_current_span)
            except RuntimeError:
                # It is failing now, and so its context is the one that holds here.
                pass
        context = span.get_span_context()
        if not context.is_valid:
            return None
        name = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
        _spans[name] = span
        return name
    except Exception:
        # Another version of it, or a span that another tool has made: the failure is told without.
        return None


def _context_of(task: object) -> contextvars.Context | None:
    """What a task runs in; a future has none."""
    get_context: typing.Callable[[], contextvars.Context] | None = getattr(task, "get_context", None)
    if get_context is not None:
        return get_context()
    if not isinstance(task, asyncio.Task):
        return None
    # Python 3.11 does not give it out. It is the first one that a task refers to; those of its callbacks come after it.
    return next((one for one in gc.get_referents(task) if isinstance(one, contextvars.Context)), None)


def span_of(traceparent: str | None) -> typing.Any:
    """The span itself, if the program still has it."""
    return _spans.get(traceparent) if traceparent is not None else None
