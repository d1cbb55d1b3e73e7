"""A report in the log of the program, or on standard error where no log takes it."""

from __future__ import annotations

import logging
import sys
import typing

if typing.TYPE_CHECKING:
    from heard.record import Failure

logger = logging.getLogger("heard")


def speaks(level: int) -> bool:
    """Whether a report of this level gets out: nothing else may be silenced for one that does not."""
    return logger.disabled or logger.isEnabledFor(level)


def write(failure: Failure, level: int, exception: BaseException | None) -> None:
    if logger.disabled:
        # `logging.config` disables the loggers that it does not know: it has not been asked to.
        if level >= logging.root.level and level > logging.root.manager.disable:
            _write_to_stderr(failure)
    elif logger.hasHandlers():
        if logger.isEnabledFor(level):
            logger.handle(_record(failure, level, exception))
    elif logger.isEnabledFor(level) or level == logging.INFO and logger.level == logging.NOTSET:
        # Logging is not configured: asyncio's own messages would go to standard error as well.
        _write_to_stderr(failure)


def say(message: str, *arguments: object) -> None:
    """A word about the monitor itself."""
    if logger.hasHandlers() and not logger.disabled:
        logger.warning(message, *arguments)
    elif sys.stderr is not None:
        sys.stderr.write("heard: " + message % arguments + "\n")


def _record(failure: Failure, level: int, exception: BaseException | None) -> logging.LogRecord:
    """The record says where the work was born; what collects records groups them by template and exception."""
    from heard.monitor import places
    from heard.report import text

    template, arguments = text.message(failure)
    where = failure.born[0] if failure.born else None
    record = logger.makeRecord(
        logger.name,
        level,
        where.path if where is not None else "(unknown file)",
        where.line if where is not None else 0,
        template,
        arguments,
        (type(exception), exception, places.traceback_of(exception)) if exception is not None else None,
        where.function if where is not None else None,
        {"failure": failure},
    )
    if exception is not None:
        # Not formatted anew by every handler: on Python 3.11 that may harm the program while it parses something.
        record.exc_text = text.traceback(failure)
    return record


def _write_to_stderr(failure: Failure) -> None:
    from heard.report import text

    stream = sys.stderr
    if stream is not None:
        stream.write(text.block(failure) + "\n")
        stream.flush()
