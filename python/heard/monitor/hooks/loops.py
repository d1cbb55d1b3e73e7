"""What event loops say when something is lost, and to whom."""

from __future__ import annotations

import functools
import logging
import sys
import threading
import types
import typing
import weakref

from heard import _native
from heard.monitor import loop_handlers, places
from heard.monitor.hooks import ending
from heard.monitor.hooks.loop_types import on_each
from heard.monitor.hooks.patch import Undo, replace, standing_in
from heard.monitor.case import Case, State, is_failure
from heard.monitor.verdicts import Verdicts
from heard.report.events import rule_of

Context = dict[str, typing.Any]
#: What becomes of a context: it is asyncio's to tell, it has been told, or nobody else would be told of it.
_UNHEARD, _TOLD, _SILENT = "unheard", "told", "silent"


def put(verdicts: Verdicts) -> list[Undo]:
    """Listens to `call_exception_handler` of every loop. The handlers of the program are called as ever."""
    listener = _Listener(verdicts)
    filter_ = _Said(listener)
    logging.getLogger("asyncio").addFilter(filter_)
    undo: list[Undo] = [listener.stop, lambda: logging.getLogger("asyncio").removeFilter(filter_)]
    undo.append(on_each("call_exception_handler", lambda loop_type: _listen(loop_type, listener)))
    return undo


def _listen(loop_type: typing.Any, listener: _Listener) -> Undo:
    """Without a frame of ours, which a handler that shows its stack would show."""
    name = "call_exception_handler"
    method = standing_in(loop_type, name, listener.begins, after=listener.ended)
    put_back = replace(loop_type, name, method)
    # By this it is known that what a loop is told comes past here.
    entry = weakref.ref(method), listener
    loop_handlers.methods.append(entry)

    def undo() -> None:
        put_back()
        loop_handlers.methods.remove(entry)

    return undo


class _Said(logging.Filter):
    """Drops the message that asyncio logs in this thread about what has just been reported."""

    def __init__(self, listener: _Listener) -> None:
        super().__init__()
        self.listener = listener

    def filter(self, record: logging.LogRecord) -> bool:
        now = self.listener.now()
        return now is None or not now.is_said or not now.is_about(record)


class _Telling:
    """What a loop is told, while its own method runs."""

    def __init__(self, context: Context, is_reported: bool, handles: bool, is_said: bool) -> None:
        self.context = context
        #: How many calls of the method tell of it: that of a class may call that of its base class.
        self.depth = 1
        self.is_reported = is_reported
        #: Whether the program hears it.
        self.handles = handles
        #: Whether asyncio's own message would say less of what has just been said.
        self.is_said = is_said

    def is_about(self, record: logging.LogRecord) -> bool:
        """Whether asyncio logs this of it."""
        exception = record.exc_info[1] if record.exc_info else None
        is_same = exception is self.context.get("exception")
        return is_same and record.getMessage().startswith(str(self.context.get("message") or ""))


class _Listener:
    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.active = True
        #: What each thread tells loops of, each while the one before it is told.
        self.told = threading.local()

    def stop(self) -> None:
        self.active = False

    def now(self) -> _Telling | None:
        """What this thread tells a loop of."""
        told: list[_Telling] = getattr(self.told, "all", [])
        return told[-1] if told else None

    def is_told(self) -> bool:
        """Whether a handler of a loop is called, in this thread, with what has just been reported."""
        now = self.now()
        return now is not None and now.is_reported

    def begins(self, loop: typing.Any, context: Context) -> object:
        """A loop is about to be told of something. Called in the name of who tells it."""
        now = self.now()
        if now is not None and now.context is context:
            # It has been heard.
            now.depth += 1
            return NotImplemented
        # `sys.meta_path` is gone when the interpreter takes its modules apart: nothing can be told any more.
        heard = self.hear(loop, context) if self.active and sys.meta_path is not None else _UNHEARD
        if heard == _SILENT:
            # Plain asyncio would not have said it.
            return None
        handles = loop_handlers.handles_itself(loop)
        is_said = heard == _TOLD and not handles and self.verdicts.reporter.speaks()
        if now is None:
            self.told.all = []
        self.told.all.append(_Telling(context, heard == _TOLD, handles, is_said))
        return NotImplemented

    def ended(self, loop: typing.Any, context: Context) -> None:
        now = self.now()
        if now is None or now.context is not context:
            return
        now.depth -= 1
        if now.depth == 0:
            self.told.all.pop()
            if now.handles:
                self.verdicts.reporter.handled(context.get("exception"))

    def hear(self, loop: typing.Any, context: Context) -> str:
        """Whether it is one of ours, and reported. Called by `begins`."""
        try:
            return self._hear(loop, context, sys._getframe(1).f_back)
        except Exception:
            # A context of the program's own making.
            return _UNHEARD

    def _hear(self, loop: typing.Any, context: Context, caller: types.FrameType | None) -> str:
        message = str(context.get("message", ""))
        exception = context.get("exception")
        future = context.get("future") or context.get("task")
        if exception is not None and not is_failure(exception):
            # It has ended the loop, and perhaps the program.
            return _UNHEARD
        if message.endswith("exception was never retrieved") and future is not None:
            return _SILENT if self.verdicts.never_retrieved(future, exception).is_silent else _TOLD
        if "was destroyed but it is pending" in message and future is not None:
            return self.destroyed(future)
        if "asyncio.run() shutdown" in message and future is not None and exception is not None:
            return _UNHEARD if _has_ended_loop(exception) else self.failed_at_the_end(future, exception)
        if exception is not None and issubclass(type(exception), Exception) and not loop_handlers.handles_itself(loop):
            if loop_handlers.tells_itself(loop, caller):
                return self.callback_raised(context, exception)
            return self.loop_told(context, exception)
        return _UNHEARD

    def destroyed(self, task: typing.Any) -> str:
        if task.get_loop().is_closed():
            # asyncio's message stands: it is no loss, so no report gets out.
            ending.tell_left(self.verdicts.reporter, task, "its loop was closed while it waited, and nothing can end it")
            return _UNHEARD
        case = Case("task-destroyed", task, _native.birth(task))
        self.verdicts.reporter.tell(
            "task-destroyed",
            rule_of("task-destroyed"),
            "lost",
            key=case.site,
            born=functools.partial(places.born, case.site),
            why="nobody held it, so the garbage collector took it while it waited",
            **case.fields(task),
        )
        return _TOLD

    def failed_at_the_end(self, task: typing.Any, exception: BaseException) -> str:
        case = self.verdicts.open(Case("task-failed", task, _native.birth(task)), task)
        if case.become(State.LOST):
            # A gather has read it, and what it is told now is the same.
            case.is_silent = True
            self.verdicts.hush(case, task)
            self.verdicts.reporter.tell(
                "task-failed",
                "unfinished-at-exit",
                "lost",
                exception,
                key=case.site,
                born=functools.partial(places.born, case.site),
                why="it failed when it was cancelled at the end of its loop",
                **case.fields(task),
            )
        return _TOLD

    def callback_raised(self, context: Context, exception: BaseException) -> str:
        name, why = _place_of(context)
        self.verdicts.reporter.tell(
            "callback-raised", rule_of("callback-raised"), "lost", exception, key=name, coroutine=name, why=why
        )
        return _TOLD

    def loop_told(self, context: Context, exception: BaseException) -> str:
        """A library, or the program, has heard a failure, and tells the loop of it. Somebody may read it elsewhere."""
        message = _message_of(context)
        self.verdicts.reporter.tell(
            "loop-told",
            rule_of("loop-told"),
            None,
            exception,
            key=message,
            why=f"whoever heard it told the loop's exception handler ({message}), which only logs it",
        )
        return _TOLD


def _has_ended_loop(exception: BaseException) -> bool:
    """Whether a group that a task ends with has nothing but what its children have ended the loop with before, so that
    whoever runs the loop has heard it."""
    if issubclass(type(exception), BaseExceptionGroup):
        return all(map(_has_ended_loop, typing.cast("BaseExceptionGroup[BaseException]", exception).exceptions))
    return issubclass(type(exception), (KeyboardInterrupt, SystemExit))


def _message_of(context: Context) -> str:
    return str(context.get("message", "")).partition("\n")[0].rstrip(".")


def _place_of(context: Context) -> tuple[str | None, str]:
    """What has raised, and why nobody hears it."""
    generator, handle = context.get("asyncgen"), context.get("handle")
    if generator is not None:
        why = "an exception of an asynchronous generator that the loop closes goes to the log and nowhere else"
        return getattr(generator, "__qualname__", None), why
    if handle is not None:
        callback = getattr(handle, "_callback", None)
        name = getattr(callback, "__qualname__", None)
        return name, "an exception in a callback of the loop goes to the log and nowhere else"
    protocol = context.get("protocol")
    name = type(protocol).__qualname__ if protocol is not None else None
    return name, f"the loop's exception handler is told ({_message_of(context)}), and only logs it"
