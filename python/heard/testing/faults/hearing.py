"""Whether anybody hears a failure that was injected."""

from __future__ import annotations

import dataclasses
import logging
import types
import typing
from collections.abc import Callable

from heard.monitor.places import shown
from heard.record import Failure
from heard.report.events import EVENTS
from heard.report.text import headline
from heard.testing.faults.mark import MARK, carries

#: What speaks where nobody else does.
_LAST_WORDS = ("asyncio", "heard")

#: How a failure was heard: the test comes out otherwise, or fails with it; and so on.
By = typing.Literal["outcome", "raised", "log", "handler", "allowed", "end"]


@dataclasses.dataclass(frozen=True)
class Heard:
    by: By
    #: In a few words, for a person.
    detail: str


class Ears:
    """Listens to the loggers, and to the functions that hear failures by what the project says of them."""

    def __init__(self, handlers: frozenset[str]) -> None:
        #: The qualified names of functions, with their module's.
        self.handlers = handlers
        self.names = frozenset(name.rpartition(".")[2] for name in handlers)
        self.heard: list[Heard] = []

    def listen(self) -> Callable[[], None]:
        """Listens until what it returns is called."""
        kind: typing.Any = logging.Logger
        original = kind.callHandlers

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING and (by := _by(record)) is not None and _tells(record):
                self.heard.append(Heard("log", by))
            original(logger, record)

        kind.callHandlers = call_handlers

        def end() -> None:
            kind.callHandlers = original

        return end

    def is_handler(self, code: types.CodeType) -> bool:
        """Whether the project says that this function hears what it is given."""
        if code.co_name not in self.names:
            return False
        path = code.co_filename.removesuffix(".py").removesuffix("/__init__").replace("/", ".").replace("\\", ".")
        function = code.co_qualname.replace(".<locals>", "")
        return any(f"{path}.{function}".endswith(f".{name}") for name in self.handlers)

    def handler_runs(self, frame: types.FrameType) -> None:
        """A function that hears starts."""
        values = list(frame.f_locals.values())
        values += [one for value in values if isinstance(value, tuple | list) for one in value]
        values += [one for value in values if isinstance(value, dict) for one in value.values()]
        if any(holds(value) for value in values):
            self.heard.append(Heard("handler", f"{frame.f_code.co_qualname}, which hears"))


def holds(value: object) -> bool:
    """Whether a value is the failure, tells of it, or is work that has ended with it."""
    if isinstance(value, BaseException):
        return carries(value)
    if isinstance(value, str):
        return MARK in value
    # The attribute, since to call the method would be to read the failure.
    return carries(error) if isinstance(error := getattr(value, "_exception", None), BaseException) else False


def _by(record: logging.LogRecord) -> str | None:
    """Who logs it, if it is not the last word on what nobody has heard."""
    failure = getattr(record, "failure", None)
    if isinstance(failure, Failure) and EVENTS[failure.event].counter == "told":
        # Somebody has heard it, and passed it on: to the handler of the loop, or to `heard.spawn`.
        return headline(failure.event, failure.task, failure.coroutine)
    if record.name.partition(".")[0] in _LAST_WORDS:
        return None
    return f"{record.levelname} of the logger {record.name} at {shown(record.pathname)}:{record.lineno}"


def _tells(record: logging.LogRecord) -> bool:
    values = list(vars(record).values())
    for value in (record.exc_info, record.args):
        values += value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else ()
    try:
        return any(holds(value) for value in values) or MARK in record.getMessage()
    except Exception:
        # Its arguments do not fit its text: the handlers complain of that.
        return False
