"""Starts the monitor, runs a program, and has the last word when it ends."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import types
import typing

from heard.launch import children, cli, program
from heard.monitor import garbage, install
from heard.report.events import lost_of
from heard.report.summary import summary as summary_of
from heard.settings import Settings

if typing.TYPE_CHECKING:
    from heard.report.reporter import Reporter

#: Files whose frames stand around the program's.
_AROUND = (__file__, cli.__file__, program.__file__)


def launch(settings: Settings, kind: program.Kind, words: list[str], strict: bool, summary: bool) -> None:
    end = _End(strict, summary)
    # What is registered first is called last: when the threads and executors of the program have ended.
    atexit.register(end.last_word)
    children.tell(settings)
    install.install(settings)
    install.before_sudden_end(end.sum_up)
    try:
        program.run(kind, words)
        end.is_well = True
        return
    except SystemExit as exit_:
        code = exit_.code
        end.is_well = code is None or isinstance(code, int) and code & 0xFF == 0
        _of_traceback.__set__(exit_, _without_launcher(exit_))
    except BaseException as error:
        _show_without_launcher(error)
        raise
    # Another one: who shows the program's later, as asyncio does that of a task, shows no frame of the launcher.
    raise SystemExit(code)


class _End:
    def __init__(self, strict: bool, summary: bool) -> None:
        self.strict = strict
        self.summary = summary
        self.process = os.getpid()
        #: Whether the exit code of the program is 0.
        self.is_well = False
        self.is_over = False

    def last_word(self) -> None:
        """What is still open is told, and how much there was."""
        monitor = install.current()
        if self.is_over or monitor is None:
            return
        garbage.collect()
        monitor.finish()
        self.sum_up()
        if self.strict and self.is_well and self.process == os.getpid() and _has_lost(monitor.reporter):
            _exit_with_failure()

    def sum_up(self) -> None:
        """Once, and not for children that were forked: these are not the program that was asked for."""
        monitor = install.current()
        if self.is_over or monitor is None or self.process != os.getpid():
            return
        self.is_over = True
        if self.summary and (text := summary_of(monitor.reporter.stats())) and sys.stderr is not None:
            sys.stderr.write(text + "\n")


def _has_lost(reporter: Reporter) -> bool:
    return lost_of(reporter.stats(), reporter.totals) > 0


def _exit_with_failure() -> typing.NoReturn:
    """The interpreter does not let anybody change the exit code at its end, so the process ends here."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            # Nobody listens, or it is closed.
            continue
    os._exit(1)


#: Not the attribute of an exception, which its class may have replaced: Python does not ask that either.
_of_traceback = vars(BaseException)["__traceback__"]


def _without_launcher(error: BaseException) -> types.TracebackType | None:
    """The traceback of an exception, beginning with the frames of the program."""
    traceback: types.TracebackType | None = _of_traceback.__get__(error)
    while traceback is not None and traceback.tb_frame.f_code.co_filename in _AROUND:
        traceback = traceback.tb_next
    return traceback


def _show_without_launcher(error: BaseException) -> None:
    """Python prints the exception when it comes out of here: without the frames that stand around the program's."""
    traceback = _without_launcher(error)
    hook = sys.excepthook

    def as_python_would(kind: type[BaseException], value: BaseException, _: types.TracebackType | None) -> None:
        sys.excepthook = hook
        sys.last_traceback = traceback
        _of_traceback.__set__(value, traceback)
        hook(kind, value, traceback)

    sys.excepthook = as_python_would
