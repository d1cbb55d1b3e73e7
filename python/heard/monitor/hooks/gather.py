"""What `asyncio.gather` does to evidence.

After its first failure, or when it was cancelled, it reads the failures of the others and drops them; with
`return_exceptions=True` it reads all of them and hands them to somebody who may not look. The mark of those failures is
kept (`heard.monitor.tasks`), and here it is said what becomes of them.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import contextvars
import sys
import types
import typing

from heard import _native
from heard.monitor import liveness, places
from heard.monitor.case import Case, State, case_of
from heard.monitor.hooks import births, ending
from heard.monitor.hooks.patch import Undo, replace
from heard.monitor.tasks import NOT_FAILURES, Tasks
from heard.monitor.turns import Turns
from heard.monitor.verdicts import Verdicts


def put(verdicts: Verdicts, turns: Turns, tasks: Tasks) -> Undo:
    """Puts a class in place of the one whose instances `gather` returns, whoever imported `gather`, and when."""
    original: typing.Any = typing.cast(typing.Any, asyncio.tasks)._GatheringFuture
    watch = _Watch(verdicts, turns, tasks)

    class Gathering(original):  # type: ignore[misc]
        #: Where the child whose failure it passes on was born.
        heard_site = 0
        #: The addresses of those of its children that it was given, and has not made; it keeps them all.
        heard_given: frozenset[int] | None = None

        def __init__(self, children: list[typing.Any], *, loop: typing.Any) -> None:
            original.__init__(self, children, loop=loop)
            if watch.active and not tasks.is_told:
                self.heard_given = watch.begun(children, sys._getframe(1).f_locals.get("arg_to_fut"))

        def set_result(self, result: typing.Any) -> None:
            if watch.active and _native.has_failure(result):
                watch.delivered(self, result)
            original.set_result(self, result)

        def set_exception(self, exception: typing.Any) -> None:
            original.set_exception(self, exception)
            if watch.active:
                watch.failed(self, exception)

        def exception(self) -> typing.Any:
            if self._log_traceback and tasks.erases():
                return self._exception
            return original.exception(self)

    Gathering.__name__ = original.__name__
    Gathering.__qualname__ = original.__qualname__
    Gathering.__module__ = original.__module__
    put_back = replace(asyncio.tasks, "_GatheringFuture", Gathering)

    def undo() -> None:
        watch.active = False
        put_back()

    return undo


class _Watch:
    def __init__(self, verdicts: Verdicts, turns: Turns, tasks: Tasks) -> None:
        self.verdicts = verdicts
        self.turns = turns
        self.tasks = tasks
        self.active = True
        self.internal = tuple(births.skipped())

    def begun(self, children: list[typing.Any], given: typing.Any) -> frozenset[int]:
        """Where nothing tells of a failure when it happens, the mark of children that others know is kept from here on.
        Nobody but the gather knows the others."""
        known = [child for arg, child in given.items() if arg is child] if isinstance(given, dict) else children
        for child in known:
            self.keep(child)
        return frozenset(map(id, known))

    def failed(self, gathering: typing.Any, exception: BaseException) -> None:
        """The gather ends with a failure: what its children do from now on, nobody learns from it."""
        try:
            for child in dict.fromkeys(gathering._children):
                if not child.done():
                    self.expect(child)
                elif not child.cancelled() and child._exception is exception:
                    # It is the one that the gather passes on.
                    gathering.heard_site = gathering.heard_site or self.site_of(child)
                    self.verdicts.marked_as_read(child)
                elif not child.cancelled() and child._exception is not None:
                    self.late(child)
            if not isinstance(exception, NOT_FAILURES):
                case = Case("task-failed", gathering, gathering.heard_site)
                self.turns.after(gathering.get_loop(), self.verdicts.open(case, gathering))
        except Exception:
            # A child of the program's own making.
            return

    def site_of(self, child: typing.Any) -> int:
        case = case_of(child)
        return case.site if case is not None else _native.birth(child)

    def expect(self, child: typing.Any) -> None:
        """It may fail later, when nobody waits any more."""
        child.add_done_callback(self.late, context=contextvars.Context())
        self.keep(child)

    def keep(self, child: typing.Any) -> None:
        if case_of(child) is None:
            self.tasks.guard(child, Case("sibling-failed", child, 0), None)

    def late(self, child: typing.Any) -> None:
        """A child has failed, and its gather has ended without it."""
        try:
            if not self.active or child.cancelled() or child._exception is None or not child._log_traceback:
                # If it is not marked any more, somebody has read it.
                _native.unguard(child)
                return
            if isinstance(child._exception, NOT_FAILURES):
                return
            self.judge(child, "sibling-failed", "the gather that waited for it has raised or was cancelled")
        except Exception:
            return

    def judge(self, child: typing.Any, event: typing.Literal["sibling-failed", "outcomes-ignored"], why: str) -> None:
        case = case_of(child)
        if case is None:
            case = self.verdicts.open(Case(event, child, _native.birth(child)), child)
            self.tasks.guard(child, case, child._exception)
        elif not case.become(State.TURNS):
            return
        if not child._log_traceback:
            case.unmarked, case.exception = child, child._exception
        # From now on plain asyncio would say nothing of it.
        case.event, case.is_silent, case.why = event, True, why
        self.turns.after(child.get_loop(), case)

    def delivered(self, gathering: typing.Any, outcomes: list[typing.Any]) -> None:
        """Failures are about to be handed over as results."""
        try:
            failed = [
                (index, child)
                for index, (child, outcome) in enumerate(zip(gathering._children, outcomes, strict=True))
                if isinstance(outcome, BaseException) and not child.cancelled() and outcome is child._exception
            ]
            waiting = None if gathering.get_loop() in ending.loops else _waiting_coroutines(gathering)
            for index, child in failed:
                # A child that was told to stop, by somebody who then waits for all of them, may fail.
                fate = "used"
                if waiting is not None and not _was_cancelled(child):
                    fate = liveness.fate_of_result(waiting, index, self.is_internal)
                if fate == "used":
                    self.verdicts.marked_as_read(child)
                elif child._log_traceback or self.is_its_own(gathering, child):
                    where = places.coroutine_name(waiting[-1]) if waiting else None
                    said = "drops the list of outcomes" if fate == "dropped" else "never looks at this outcome"
                    why = f"{where} awaits gather(..., return_exceptions=True) and {said}"
                    self.judge(child, "outcomes-ignored", why)
        except Exception:
            return

    def is_its_own(self, gathering: typing.Any, child: typing.Any) -> bool:
        """Whether only the gather can have read it, which it has just done."""
        return gathering.heard_given is not None and id(child) not in gathering.heard_given

    def is_internal(self, code: types.CodeType) -> bool:
        return code.co_filename.startswith(self.internal)


def _was_cancelled(child: typing.Any) -> bool:
    cancelling = getattr(child, "cancelling", None)
    return cancelling is not None and cancelling() > 0


def _waiting_coroutines(future: typing.Any) -> list[typing.Any] | None:
    """The coroutines of the task that waits for a future, the one that awaits it last; `None` if that is not plain."""
    callbacks = future._callbacks
    if not callbacks or len(callbacks) != 1:
        return None
    task = getattr(callbacks[0][0], "__self__", None)
    if not isinstance(task, asyncio.Task):
        return None
    chain: list[typing.Any] = []
    coroutine: typing.Any = getattr(task, "_coro", None)
    while isinstance(coroutine, types.CoroutineType) and len(chain) < 100:
        chain.append(coroutine)
        coroutine = coroutine.cr_await
    return chain or None
