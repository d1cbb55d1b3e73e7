"""Tasks and other futures of asyncio that have failed, as they come to a case."""

from __future__ import annotations

import asyncio
import asyncio.tasks
import contextvars
import sys
import types
import typing
import weakref

from heard import _native
from heard.monitor import loop_handlers, places
from heard.monitor.case import CLOSED, Case, Reference, case_of, is_failure
from heard.monitor.verdicts import Verdicts
from heard.monitor.holding import GATHER_DONE, SHIELD_DONE, WAIT_DONE, gathering_of
from heard.monitor.turns import Turns

#: Seconds until a look at a task that was awaited when it failed.
_GLANCE = 0.1


class Tasks:
    """Opens the cases of futures of asyncio."""

    def __init__(self, verdicts: Verdicts, turns: Turns) -> None:
        self.verdicts = verdicts
        self.turns = turns
        #: The tasks that are in their first step, within the call that makes them; later versions do not tell.
        self.eager: typing.Any = getattr(asyncio.tasks, "_eager_tasks", None) if sys.version_info < (3, 14) else None
        self.active = True
        #: The types of `gather`s of which it is told what becomes of what they read.
        self.gatherings: tuple[type, ...] = ()
        #: Whether the interpreter tells of failures when they happen.
        self.is_told = False
        #: Tasks that somebody awaited when they failed, and when to look at them.
        self.glances: list[Reference] = []
        self.glance_at: float | None = None
        turns.look, turns.stranded = verdicts.judge, verdicts.hold

    def failed(self, task: asyncio.Task[typing.Any], exception: BaseException) -> None:
        """An exception leaves the task's coroutine. Called inside of its step."""
        if not is_failure(exception) or case_of(task) is not None:
            return
        callbacks = task._callbacks
        if callbacks and all(_wakes_a_task(one) for one, _ in callbacks):
            # Tasks await it, and read it when they are woken up. It is rare that one is cancelled just then.
            self.glance_later(task)
            return
        loop = task.get_loop()
        eager = self.site_of_eager(task, loop)
        case = self.verdicts.open(Case("task-failed", task, eager or _native.birth(task)), task)
        if eager:
            # An eager task lets go of its coroutine when it ends.
            case.coroutine = places.coroutine_name(getattr(task, "_coro", None))
        if callbacks:
            gatherings = [gathering_of(callback) for callback, _ in callbacks]
            case.gatherings = tuple(
                weakref.ref(one) for one in gatherings if isinstance(one, asyncio.Future) and not one.done()
            )
        self.turns.after(loop, case)

    def glance_later(self, task: typing.Any) -> None:
        """Looks at a task that is most likely read by then."""
        self.glances.append(Reference(task))
        if self.glance_at is None:
            self.glance_at = self.verdicts.clock.now() + _GLANCE
            self.verdicts.wake_in(_GLANCE)

    def glance(self) -> float | None:
        """Looks for tasks that were not read by those who awaited them. Called by the clock."""
        if self.glance_at is None:
            return None
        left = self.glance_at - self.verdicts.clock.now()
        if left > 0:
            return left
        glances, self.glances, self.glance_at = self.glances, [], None
        for task in (one() for one in glances):
            if task is not None and task._log_traceback:
                self.watch(task, task.get_loop(), threadsafe=True)
        return None

    def site_of_eager(self, task: typing.Any, loop: asyncio.AbstractEventLoop) -> int:
        """Where a task was born that fails in its first step, before its birth is told: whoever makes it is below it on
        the stack. 0 for all others."""
        if sys.version_info < (3, 12):
            return 0
        if self.eager is not None:
            is_eager = task in self.eager
        else:
            # Below a step of asyncio's own loops there is nobody.
            is_eager = isinstance(loop, asyncio.BaseEventLoop) and not _native.birth(task)
        frame = getattr(getattr(task, "_coro", None), "cr_frame", None)
        return _native.here(frame.f_back) if is_eager and frame is not None and frame.f_back is not None else 0

    def drops(self, failed: typing.Any) -> bool:
        """Whether the function that asks a failed future for its exception, which nobody has read, drops it: then the mark
        that nobody has read it stays. Called in the name of that function."""
        if not self.active or not is_failure(failed._exception):
            return False
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_name == "exception":
            # A method of a subclass that asks that of its base class.
            frame = frame.f_back
        case = case_of(failed)
        return frame is not None and (case is None or case.state not in CLOSED) and self.is_dropped_by(frame)

    def keeps(self, stopped: typing.Any) -> bool:
        """Whether the mark of a failed future may be kept, which is told to stop and has not been read."""
        if not self.active or not is_failure(stopped._exception):
            return False
        loop = stopped.get_loop()
        if not loop_handlers.passes_by_us(loop):
            return False
        if hasattr(stopped, "get_coro"):
            # A task, in C or in Python. It may be that nothing has told of it so far.
            self.watch(stopped, loop, threadsafe=True)
        case = case_of(stopped)
        if case is None:
            # A future that nobody has gathered: who gives it a failure and takes the mark away says that it need not be
            # heard. Or it has no room for attributes.
            return False
        # From now on plain asyncio would say nothing of it, so its loop must not be told of it either.
        case.is_silent = True
        return True

    def is_dropped_by(self, frame: types.FrameType) -> bool:
        """Whether the function that runs in a frame asks for an exception and drops it."""
        if frame.f_code is GATHER_DONE:
            gathering: typing.Any = frame.f_locals.get("outer")
            is_watched = isinstance(gathering, self.gatherings)
            return is_watched and loop_handlers.passes_by_us(gathering.get_loop())
        if frame.f_code is SHIELD_DONE:
            outer, inner = frame.f_locals.get("outer"), frame.f_locals.get("inner")
            if outer is None or outer.cancelled():
                return hasattr(inner, "get_coro") and self.is_let_go(inner)
            self.pass_on(inner, outer)
        if frame.f_code is WAIT_DONE:
            return self.is_let_go(frame.f_locals.get("f"))
        return False

    def is_let_go(self, future: typing.Any) -> bool:
        """asyncio looks whether a future has failed. Whether it can be said later that nobody has read that."""
        if not loop_handlers.passes_by_us(future.get_loop()):
            return False
        self.watch(future, future.get_loop())
        case = case_of(future)
        if case is None:
            return False
        # From now on plain asyncio would say nothing of it.
        case.is_silent = True
        return True

    def pass_on(self, inner: typing.Any, outer: typing.Any) -> None:
        """A future is about to fail with the failure of another one."""
        if not is_failure(inner._exception):
            return
        case = case_of(inner)
        site = case.site if case is not None else _native.birth(inner)
        case = self.verdicts.open(Case("task-failed", outer, site), outer)
        self.turns.after(outer.get_loop(), case)

    def watch(
        self, future: typing.Any, loop: asyncio.AbstractEventLoop, threadsafe: bool = False, site: int = 0
    ) -> None:
        """A future that has failed, and of which no coroutine tells. `site` is where its work was born, if not itself."""
        if case_of(future) is not None or not is_failure(getattr(future, "_exception", None)):
            return
        case = self.verdicts.open(Case("task-failed", future, site or _native.birth(future)), future)
        self.turns.after(loop, case, threadsafe)

    def odd(self, task: asyncio.Task[typing.Any]) -> None:
        """A task is born whose coroutine is none of Python's: nobody tells when it fails."""
        task.add_done_callback(self.ended, context=contextvars.Context())

    def ended(self, task: asyncio.Task[typing.Any]) -> None:
        if self.active and not task.cancelled() and getattr(task, "_log_traceback", False):
            self.watch(task, task.get_loop())


def _wakes_a_task(callback: object) -> bool:
    """Whether a done callback is that of a task which awaits. Any other object is not asked for anything: it is the
    program's."""
    is_method = type(callback) in (types.BuiltinMethodType, types.MethodType)
    return is_method and isinstance(typing.cast("types.MethodType", callback).__self__, asyncio.Task)
