"""Calls back when a module is imported, without importing it."""

from __future__ import annotations

import sys

# Type checkers take this for `typing.TYPE_CHECKING`: every Python process below a monitored one comes past here, so
# this imports nothing that the interpreter has not imported already.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.machinery
    import types
    import typing
    from collections.abc import Callable, Sequence


def after_import(name: str, callback: Callable[[types.ModuleType], None]) -> Callable[[], None]:
    """Calls `callback` with the module: now, or when it is imported. What it returns forgets about that."""
    module = sys.modules.get(name)
    if module is not None:
        callback(module)
        return lambda: None
    finder = _Finder(name, callback)
    sys.meta_path.insert(0, finder)
    return finder.remove


class _Finder:
    def __init__(self, name: str, callback: Callable[[types.ModuleType], None]) -> None:
        self.name = name
        self.callback = callback

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.name:
            return None
        for finder in sys.meta_path:
            # One without `find_spec` is passed over, as the import system does.
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: importlib.machinery.ModuleSpec | None = find(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self.extend(spec.loader)
                return spec
        return None

    def extend(self, loader: typing.Any) -> None:
        """Makes this one loader call back when it has executed the module."""
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            if module.__name__ != self.name:
                # A loader that serves a whole archive loads what this module imports, too.
                execute(module)
                return
            loader.__dict__.pop("exec_module", None)
            execute(module)
            # Not where that has raised: it may be imported once more.
            self.remove()
            self.callback(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            # A loader without a namespace of its own, such as the one of frozen modules.
            pass
