"""Runs a program as Python would, with the monitor on."""

from __future__ import annotations

import builtins
import gc
import importlib.machinery
import io
import json
import os
import runpy
import sys
import threading
import types
import typing

from heard.monitor import install
from heard.settings import Settings
from heard.report.summary import summary as summary_of


def launch(settings: Settings, is_module: bool, program: list[str], strict: bool, summary: bool) -> typing.NoReturn:
    _tell_children(settings)
    install.install(settings)
    name, *_ = program
    sys.argv = program
    code: str | int | None = 0
    try:
        if is_module:
            sys.path[0] = os.getcwd()
            sys.argv = [sys.argv[0], *program[1:]]
            typing.cast(typing.Any, runpy)._run_module_as_main(name, alter_argv=True)
        else:
            _run_path(name)
    except SystemExit as exit_:
        code = exit_.code
    except KeyboardInterrupt:
        # Python ends with the signal, as shells expect.
        _finish(strict, summary, None)
        raise
    except BaseException as error:
        _say(error)
        code = 1
    sys.exit(_finish(strict, summary, code))


def _finish(strict: bool, summary: bool, code: str | int | None) -> str | int | None:
    for thread in threading.enumerate():
        # Python waits for these before it ends, and so must the last word.
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    gc.collect()
    monitor = install.current()
    if monitor is None:
        return code
    monitor.finish()
    stats = monitor.reporter.stats()
    if summary and (text := summary_of(stats)) and sys.stderr is not None:
        sys.stderr.write(text + "\n")
    return 1 if strict and not code and (stats.lost or stats.never_awaited) else code


def _tell_children(settings: Settings) -> None:
    """Children that run this Python, or one that has the package, are monitored as well."""
    options = {name: getattr(settings, name) for name in ("grace", "escalate", "origins", "ignore", "json")}
    os.environ["HEARD"] = "1"
    os.environ["HEARD_OPTIONS"] = json.dumps(options)


def _run_path(path: str) -> None:
    if os.path.isdir(path) or not path.endswith((".py", ".pyw")) and _is_archive(path):
        sys.path.pop(0)
        runpy.run_path(path, run_name="__main__")
        return
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    try:
        with io.open_code(os.path.abspath(path)) as file:
            source = file.read()
    except OSError as error:
        sys.stderr.write(f"heard: cannot run {path}: {error.strerror}\n")
        sys.exit(2)
    # As Python has it: the place stays right where the program changes the directory.
    path = os.path.abspath(path)
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = builtins
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    module.__dict__["__cached__"] = None
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    sys.modules["__main__"] = module
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _is_archive(path: str) -> bool:
    import zipfile

    return zipfile.is_zipfile(path)


def _say(error: BaseException) -> None:
    """Prints what Python would print, without the frames of this module."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename in (
        __file__,
        runpy.__file__,
        "<frozen runpy>",
    ):
        traceback = traceback.tb_next
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
