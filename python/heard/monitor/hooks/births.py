"""Notes where tasks are born."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import sys
import typing

from heard import _native
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
    return [_folder(asyncio), _folder(concurrent.futures), _PACKAGE + os.sep, "<frozen ", *tools()]


def tools() -> list[str]:
    """Parts of the paths of tools' code."""
    return [os.path.join(os.sep, *tool.split("/"), "") for tool in _TOOLS]


def put(depth: int) -> list[Undo]:
    tasks = registry()
    add = _native.start_births(depth, skipped(), tasks)
    undo: list[Undo] = [_native.stop_births]
    if tasks is not None:
        undo.append(replace(tasks, "add", add))
        return undo
    undo.append(on_each("create_task", _note_create_task))
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
