"""Notes where tasks are born."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import sys
import types
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor.hooks import tools
from heard.monitor.hooks.loop_types import on_each
from heard.monitor.hooks.patch import Undo, replace, wrapping


#: The folder of this package.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


#: Tools that stand around tasks, by parts of their paths: what they call is called for the program.
_TOOLS = (
    "aiomonitor",
    "ddtrace",
    "elasticapm",
    "logfire",
    "newrelic",
    "opentelemetry/instrumentation",
    "sentry_sdk",
    "wrapt",
)


def _folder(module: typing.Any) -> str:
    return os.path.dirname(str(module.__file__)) + os.sep


def skipped() -> list[str]:
    """Parts of the paths of code that is never where the program makes a task."""
    return [_folder(asyncio), _folder(concurrent.futures), _PACKAGE + os.sep, "<frozen ", *tool_paths()]


@functools.lru_cache(1024)
def is_skipped(path: str) -> bool:
    """Whether code of this path is asyncio's, ours or a tool's, and not the program's."""
    return any(part in path for part in skipped())


def tool_paths() -> list[str]:
    """Parts of the paths of tools' code."""
    return [os.path.join(os.sep, *tool.split("/"), "") for tool in _TOOLS]


def put(depth: int, odd: Callable[[typing.Any], object] | None = None, timed: bool = False) -> list[Undo]:
    """`odd` is called with tasks of which the interpreter will not tell, since their coroutine is not one of Python's.
    `timed`: whether the time of each birth is noted, too."""
    tasks = registry()
    add = _native.start_births(depth, skipped(), types.CoroutineType, odd, tasks, timed)
    undo: list[Undo] = [_native.stop_births]
    if tasks is not None:
        undo.append(replace(tasks, "add", add))
        return undo
    undo.append(on_each("create_task", _note_made))
    return undo


def _note_made(loop_type: typing.Any) -> Undo:
    is_stock = loop_type is asyncio.base_events.BaseEventLoop
    return _note_what_returns(loop_type) if is_stock else _note_create_task(loop_type)


def _note_what_returns(loop_type: typing.Any) -> Undo:
    """Has the interpreter tell what `create_task` returns: it costs less than a function around it."""
    code = getattr(loop_type.create_task, "__code__", None)
    tool = tools.take() if code is not None else None
    if tool is None or code is None or sys.version_info < (3, 12):
        return _note_create_task(loop_type)
    monitoring = sys.monitoring
    event = monitoring.events.PY_RETURN
    monitoring.register_callback(tool, event, _native.note_returned)
    monitoring.set_local_events(tool, code, event)

    def undo() -> None:
        if monitoring.get_tool(tool) == tools.NAME:
            monitoring.set_local_events(tool, code, 0)
            monitoring.register_callback(tool, event, None)
        tools.give_back(tool)

    return undo


def registry() -> typing.Any:
    """asyncio's set of tasks, where it has one and adds to it by calling its method."""
    if sys.version_info >= (3, 14):
        return None
    for name in ("_scheduled_tasks", "_all_tasks"):
        tasks = getattr(asyncio.tasks, name, None)
        if tasks is not None:
            return tasks
    return None


def _note_create_task(loop_type: typing.Any) -> Undo:
    original = loop_type.create_task

    def create_task(self: typing.Any, coro: typing.Any, **options: typing.Any) -> typing.Any:
        task = original(self, coro, **options)
        _native.note(task)
        return task

    return replace(loop_type, "create_task", wrapping(create_task, original))


def tasks_of(owner: typing.Any) -> list[typing.Any]:
    """The tasks that run in a loop, or in the loop of a future. A future of another thread has none: all tasks."""
    loop = owner if isinstance(owner, asyncio.AbstractEventLoop) else getattr(owner, "get_loop", lambda: None)()
    if loop is not None:
        return list(asyncio.all_tasks(loop))
    tasks = registry()
    return [task for task in list(tasks) if not task.done()] if tasks is not None else []
