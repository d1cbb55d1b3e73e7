"""What an integration of Sentry's has sent already is not sent again as a log record of heard's."""

from __future__ import annotations

import typing

from heard.monitor.hooks.imports import after_import
from heard.monitor.hooks.patch import Undo, Undoing
from heard.report import log

if typing.TYPE_CHECKING:
    import types

    from sentry_sdk.types import Event, Hint

#: What an exception bears that Sentry has been given.
_SENT = "_heard_sent_to_sentry"


def put() -> list[Undo]:
    """Looks through what is sent, now or as soon as the program imports Sentry."""
    undo = Undoing()
    undo.append(after_import("sentry_sdk", lambda module: _look_through(module, undo)))
    return undo


def _look_through(module: types.ModuleType, undo: list[Undo]) -> None:
    try:
        from sentry_sdk.scope import add_global_event_processor, global_event_processors
    except ImportError:
        # A version that has other ways: failures are sent twice, and no word is worth it.
        return
    add_global_event_processor(_pass)
    undo.append(lambda: global_event_processors.remove(_pass))


def has_sent(exception: BaseException | None) -> bool:
    """Whether Sentry has been given an exception."""
    try:
        return bool(getattr(exception, _SENT, False))
    except Exception:
        # A class whose attributes are broken.
        return False


def _pass(event: Event, hint: Hint) -> Event | None:
    """Notes the exceptions that are sent, and drops an event that says the same again."""
    exc_info = hint.get("exc_info")
    exception = exc_info[1] if exc_info else None
    if exception is None:
        return event
    if getattr(hint.get("log_record"), "name", None) == log.logger.name and has_sent(exception):
        return None
    try:
        setattr(exception, _SENT, True)
    except Exception:
        # An exception without room for attributes, or whose class lets nobody set any, is sent twice.
        pass
    return event
