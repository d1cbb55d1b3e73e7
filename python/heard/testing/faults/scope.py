"""Which code is the program's: failures are injected into nothing else."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import inspect
import os
import site
import sys
import sysconfig
import types
from collections.abc import Callable

#: Coroutines and async generators.
ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

#: Coroutines of libraries that wait for tasks, which fail by themselves: such a wait has no failure of its own.
_WAITS = {
    "/asyncio/tasks.py": {
        "_wait",
        "as_completed.<locals>._wait_for_one",
        "_AsCompletedIterator._wait_for_one",
        *(["wait_for"] if sys.version_info < (3, 12) else []),
    },
    "/asyncio/taskgroups.py": {"TaskGroup.__aexit__", "TaskGroup._aexit"},
    "/anyio/_backends/_asyncio.py": {"TaskGroup.__aexit__"},
    "/heard/work/group.py": {"Group.__aexit__"},
}


def waits_for_tasks(code: types.CodeType) -> bool:
    path = code.co_filename.replace(os.sep, "/")
    return any(path.endswith(end) and code.co_qualname in names for end, names in _WAITS.items())


@dataclasses.dataclass(frozen=True)
class Scope:
    """The code below a folder that is in no environment; with patterns, what they choose, wherever it is."""

    root: str
    #: Each chooses a file, a module, or the qualified name of a function, with `*` and `?`.
    select: tuple[str, ...] = ()

    def has(self, code: types.CodeType) -> bool:
        path = code.co_filename
        if path.startswith("<") or _is_of_heard(path):
            return False
        if self.select:
            return any(_chooses(pattern, path, code.co_qualname, self.root) for pattern in self.select)
        return path.startswith(self.root + os.sep) and not _is_installed(path, self.root)


def _chooses(pattern: str, path: str, function: str, root: str) -> bool:
    relative = os.path.relpath(path, root).replace(os.sep, "/")
    if fnmatch.fnmatchcase(function, pattern) or any(fnmatch.fnmatchcase(one, pattern) for one in (path, relative)):
        return True
    if relative.startswith(pattern.rstrip("/") + "/"):
        return True
    wanted_module, colon, wanted = pattern.partition(":")
    if colon and not fnmatch.fnmatchcase(function, wanted):
        return False
    return any(fnmatch.fnmatchcase(name, wanted_module) for name in _modules(path, not colon))


@functools.lru_cache(4096)
def _modules(path: str, packages: bool) -> tuple[str, ...]:
    """The names that a file has as a module, with the packages around it where these are asked for."""
    names = [name for name, module in list(sys.modules.items()) if getattr(module, "__file__", None) == path]
    if packages:
        for name in list(names):
            while "." in name:
                name = name.rpartition(".")[0]
                names.append(name)
    return tuple(names)


@functools.lru_cache(4096)
def _is_installed(path: str, root: str) -> bool:
    below = path.removeprefix(root + os.sep).split(os.sep)[:-1]
    if "site-packages" in below or any(part.startswith(".") for part in below):
        return True
    return any(path.startswith(folder + os.sep) for folder in _folders() if not root.startswith(folder))


@functools.cache
def _folders() -> tuple[str, ...]:
    """Where the standard library and installed packages are."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple({*filter(None, paths), *site.getsitepackages(), site.getusersitepackages()})


def _is_of_heard(path: str) -> bool:
    return path.startswith(_HERE)


_HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


def cached(scope: Scope) -> Callable[[types.CodeType], bool]:
    """The question of `scope`, answered once for each function of a file."""
    answers: dict[tuple[str, str], bool] = {}

    def has(code: types.CodeType) -> bool:
        key = code.co_filename, code.co_qualname
        answer = answers.get(key)
        if answer is None:
            answer = answers[key] = scope.has(code)
        return answer

    return has
