"""anyio's plugin for pytest: its runner has a handler of the loop that fails whichever test runs just then."""

from __future__ import annotations

import typing

from heard.monitor import loop_handlers
from heard.monitor.hooks.imports import after_import
from heard.monitor.hooks.patch import Undo, Undoing, replace, wrapping

#: The task in which anyio runs all tests and fixtures of a loop is of no test.
RUNNER = "anyio's runner of tests"


def give_way(is_error: bool) -> Undo:
    """Has anyio's runner leave to this plugin what this plugin fails a test for, from when it is imported. Returns how
    to undo it."""
    undo = Undoing()
    undo.append(after_import("anyio._backends._asyncio", lambda module: _change(module.TestRunner, is_error, undo)))
    return undo.undo


def _change(runner_type: typing.Any, is_error: bool, undo: Undoing) -> None:
    call = getattr(runner_type, "_call_in_runner_task", None)
    if call is not None:

        async def _call_in_runner_task(self: typing.Any, /, *args: typing.Any, **kwargs: typing.Any) -> object:
            try:
                return await call(self, *args, **kwargs)
            finally:
                self._runner_task._heard_stage = RUNNER

        undo.append(replace(runner_type, "_call_in_runner_task", wrapping(_call_in_runner_task, call)))
    handler = getattr(runner_type, "_exception_handler", None)
    if handler is not None and is_error:

        def _exception_handler(self: typing.Any, loop: typing.Any, context: dict[str, typing.Any]) -> None:
            if not loop_handlers.is_told(loop):
                handler(self, loop, context)

        typing.cast(typing.Any, _exception_handler).heard_gives_way = True
        undo.append(replace(runner_type, "_exception_handler", wrapping(_exception_handler, handler)))
