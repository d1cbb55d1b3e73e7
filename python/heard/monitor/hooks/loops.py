"""What event loops say when something is lost, and to whom."""

from __future__ import annotations

import functools
import logging
import threading
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor import places
from heard.monitor.hooks.loop_types import on_each
from heard.monitor.hooks.patch import Undo, replace, wrapping
from heard.monitor.case import Facts, Verdicts, handles_itself

Context = dict[str, typing.Any]


def put(verdicts: Verdicts) -> list[Undo]:
    """Listens to `call_exception_handler` of every loop. The handlers of the program are called as ever."""
    listener = _Listener(verdicts)
    filter_ = _Told(listener.told)
    logging.getLogger("asyncio").addFilter(filter_)
    undo: list[Undo] = [listener.stop, lambda: logging.getLogger("asyncio").removeFilter(filter_)]
    undo.append(on_each("call_exception_handler", lambda loop_type: _listen(loop_type, listener)))
    return undo


def _listen(loop_type: typing.Any, listener: _Listener) -> Undo:
    original: Callable[[typing.Any, Context], None] = loop_type.call_exception_handler

    def call_exception_handler(self: typing.Any, context: Context) -> None:
        told = listener.told
        if getattr(told, "context", None) is context:
            # A loop's own method calls that of its base class, and it has been heard.
            original(self, context)
            return
        told.context = context
        try:
            is_heard = listener.active and listener.hear(self, context)
            if not is_heard or handles_itself(self) or not listener.verdicts.reporter.speaks():
                original(self, context)
                return
            # The report is out: asyncio's own message would say less of the same.
            told.active = True
            try:
                original(self, context)
            finally:
                told.active = False
        finally:
            told.context = None

    return replace(loop_type, "call_exception_handler", wrapping(call_exception_handler, original))


class _Told(logging.Filter):
    """Drops the message that asyncio logs in this thread about what has just been reported."""

    def __init__(self, told: threading.local) -> None:
        super().__init__()
        self.told = told

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(self.told, "active", False)


class _Listener:
    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True
        self.told = threading.local()

    def stop(self) -> None:
        self.active = False

    def hear(self, loop: typing.Any, context: Context) -> bool:
        """Whether it is one of ours, and reported."""
        try:
            return self._hear(loop, context)
        except Exception:
            # A context of the program's own making.
            return False

    def _hear(self, loop: typing.Any, context: Context) -> bool:
        message = str(context.get("message", ""))
        exception = context.get("exception")
        future = context.get("future") or context.get("task")
        if message.endswith("exception was never retrieved") and future is not None:
            return self.verdicts.never_retrieved(future, exception)
        if "was destroyed but it is pending" in message and future is not None:
            return self.destroyed(future)
        if "asyncio.run() shutdown" in message and future is not None and exception is not None:
            return self.failed_at_the_end(future, exception)
        if (
            isinstance(exception, Exception)
            and ("handle" in context or "asyncgen" in context)
            and not handles_itself(loop)
        ):
            return self.callback_raised(context, exception)
        return False

    def destroyed(self, task: typing.Any) -> bool:
        facts = Facts("task-destroyed", task, _native.birth(task))
        self.verdicts.reporter.tell(
            "task-destroyed",
            "dropped-task",
            "lost",
            key=facts.site,
            born=functools.partial(places.born, facts.site),
            why="nobody held it, so the garbage collector took it while it waited",
            **facts.as_fields(),
        )
        return True

    def failed_at_the_end(self, task: typing.Any, exception: BaseException) -> bool:
        facts = Facts("task-failed", task, _native.birth(task))
        self.verdicts.reporter.tell(
            "task-failed",
            "unfinished-at-exit",
            "lost",
            exception,
            key=facts.site,
            born=functools.partial(places.born, facts.site),
            why="it failed when it was cancelled at the end of its loop",
            **facts.as_fields(),
        )
        return True

    def callback_raised(self, context: Context, exception: BaseException) -> bool:
        what = context.get("asyncgen")
        name = getattr(what, "__qualname__", None)
        if what is None:
            callback = getattr(context["handle"], "_callback", None)
            name = getattr(callback, "__qualname__", None)
        why = "an exception in a callback of the loop goes to the log and nowhere else"
        if what is not None:
            why = "an exception of an asynchronous generator that the loop closes goes to the log and nowhere else"
        self.verdicts.reporter.tell(
            "callback-raised", "raising-callback", "lost", exception, key=name, coroutine=name, why=why
        )
        return True
