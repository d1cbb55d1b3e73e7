"""Calls back when a module is imported, without importing it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
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


class _Finder(importlib.abc.MetaPathFinder):
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
        self.remove()
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self.extend(spec.loader)
                return spec
        return None

    def extend(self, loader: typing.Any) -> None:
        """Makes this one loader call back when it has executed the module."""
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            execute(module)
            loader.__dict__.pop("exec_module", None)
            self.callback(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            # A loader without a namespace of its own, such as the one of frozen modules.
            pass
