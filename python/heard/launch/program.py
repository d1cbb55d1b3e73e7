"""Runs a program as Python itself would: a file, compiled or not, a folder or an archive, a module, a command, or what
standard input says."""

from __future__ import annotations

import builtins
import enum
import importlib.machinery
import importlib.util
import io
import linecache
import marshal
import os
import pkgutil
import runpy
import sys
import types
import typing


class Kind(enum.Enum):
    """What the first word of the program is."""

    PATH = "a file, a folder or an archive"
    MODULE = "a module"
    COMMAND = "a command"


def run(kind: Kind, words: list[str]) -> None:
    """Runs it in a module `__main__` of its own. `words` are the program and its arguments."""
    name, *arguments = words
    if not sys.flags.safe_path:
        # Where this package was found from, which is not where the program begins to look.
        sys.path.pop(0)
    main = _new_main()
    if kind is Kind.MODULE:
        _look_in(os.getcwd())
        sys.argv = ["-m", *arguments]
        _run_module(name, alter_argv=True)
    elif kind is Kind.COMMAND:
        _look_in("")
        sys.argv = ["-c", *arguments]
        _run_source(name + "\n", "<string>", main)
    elif name == "-":
        _look_in("")
        sys.argv = words
        with _FileOf(main, "<stdin>"):
            _run_source(sys.stdin.read() if sys.stdin is not None else "", "<stdin>", main)
    else:
        sys.argv = words
        # Not normalised, as the interpreter has it.
        path = os.path.join(os.getcwd(), name)
        if pkgutil.get_importer(path) is not None:
            sys.path.insert(0, path)
            _run_module("__main__", alter_argv=False)
        else:
            _look_in(os.path.dirname(os.path.realpath(path)))
            _run_file(path, main)


def _look_in(folder: str) -> None:
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


def _new_main() -> types.ModuleType:
    """The module as the interpreter makes it, in place of the one that runs this."""
    main = types.ModuleType("__main__")
    main.__loader__ = importlib.machinery.BuiltinImporter
    main.__dict__["__builtins__"] = builtins
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


def _run_module(name: str, alter_argv: bool) -> None:
    typing.cast(typing.Any, runpy)._run_module_as_main(name, alter_argv=alter_argv)


def _run_source(source: str, name: str, main: types.ModuleType) -> None:
    code = compile(source, name, "exec", dont_inherit=True)
    register = getattr(linecache, "_register_code", None)
    if name == "<string>" and register is not None:
        # Tracebacks show the lines of a command from Python 3.13 on.
        register(code, source, name) if sys.version_info >= (3, 14) else register(name, source, name)
    exec(code, main.__dict__)


def _run_file(path: str, main: types.ModuleType) -> None:
    try:
        with io.open_code(path) as file:
            content = file.read()
    except OSError as error:
        said = f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}"
        sys.stderr.write(f"{sys.executable}: {said}\n")
        sys.exit(2)
    is_compiled = path.endswith(".pyc") or content.startswith(importlib.util.MAGIC_NUMBER[:2])
    loader = importlib.machinery.SourcelessFileLoader if is_compiled else importlib.machinery.SourceFileLoader
    main.__loader__ = loader("__main__", path)
    with _FileOf(main, path):
        exec(_compiled(content) if is_compiled else compile(content, path, "exec", dont_inherit=True), main.__dict__)


class _FileOf:
    """The interpreter takes the names away when the program has run, and what is called at exit sees that.

    No generator: what one makes a context manager of sets the traceback of an exception, which may be the program's code.
    """

    def __init__(self, main: types.ModuleType, path: str) -> None:
        self.main = main
        self.path = path

    def __enter__(self) -> None:
        self.main.__file__ = self.path
        self.main.__dict__["__cached__"] = None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, SystemExit):
            _forget_file(self.main)


def _forget_file(main: types.ModuleType) -> None:
    for name in ("__file__", "__cached__"):
        main.__dict__.pop(name, None)


def _compiled(content: bytes) -> types.CodeType:
    if content[:4] != importlib.util.MAGIC_NUMBER:
        raise RuntimeError("Bad magic number in .pyc file")
    code = marshal.loads(content[16:])
    if not isinstance(code, types.CodeType):
        raise RuntimeError("Bad code object in .pyc file")
    return code
