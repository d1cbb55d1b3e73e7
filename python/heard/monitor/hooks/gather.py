"""What `asyncio.gather` does to evidence.

After its first failure, or when it was cancelled, it reads the failures of the others and drops them; with
`return_exceptions=True` it reads all of them and hands them to somebody who may not look. The mark of those failures is
kept (`heard.monitor.tasks`), and here it is said what becomes of them.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import contextvars
import functools
import inspect
import sys
import types
import typing

from heard import _native
from heard.monitor import awaiting, liveness
from heard.monitor.case import Case, State, case_of, is_failure
from heard.monitor.hooks import births, ending
from heard.monitor.hooks.patch import Undo, Undoing, listen
from heard.monitor.tasks import Tasks
from heard.monitor.turns import Turns
from heard.monitor.verdicts import Verdicts

_RELEASE_WAITER = getattr(asyncio.tasks, "_release_waiter", None)


def put(verdicts: Verdicts, turns: Turns, tasks: Tasks) -> list[Undo]:
    """Listens to the methods of what `gather` returns, whoever imported `gather`, and when."""
    gathering: typing.Any = typing.cast(typing.Any, asyncio.tasks)._GatheringFuture
    watch = _Watch(verdicts, turns)

    def stop() -> None:
        watch.active, tasks.gatherings = False, ()

    undo = Undoing([stop])
    with undo:
        undo.append(listen(gathering, "set_result", before=watch.delivers))
        undo.append(listen(gathering, "set_exception", after=watch.failed))
        undo.append(listen(gathering, "result", after=watch.taken))
        for name in ("__await__", "__iter__"):
            undo.append(listen(gathering, name, before=watch.awaits))
        tasks.gatherings = (gathering,)
    return undo


class _Watch:
    def __init__(self, verdicts: Verdicts, turns: Turns) -> None:
        self.verdicts = verdicts
        self.turns = turns
        self.active = True

    def failed(self, gathering: typing.Any, exception: BaseException) -> None:
        """The gather has ended with a failure: what its children do from now on, nobody learns from it."""
        if not self.active:
            return
        try:
            for child in dict.fromkeys(gathering._children):
                if not child.done():
                    self.expect(child)
                elif not child.cancelled() and child._exception is exception:
                    # It is the one that the gather passes on.
                    gathering.heard_site = getattr(gathering, "heard_site", 0) or self.site_of(child)
                    self.verdicts.marked_as_read(child)
                elif not child.cancelled() and child._exception is not None:
                    self.late(child)
            if is_failure(exception):
                case = Case("task-failed", gathering, getattr(gathering, "heard_site", 0))
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

    def late(self, child: typing.Any) -> None:
        """A child has failed, and its gather has ended without it."""
        try:
            if not self.active or child.cancelled() or not child._log_traceback or not is_failure(child._exception):
                return
            self.judge(child, "sibling-failed", "the gather that waited for it has raised or was cancelled")
        except Exception:
            return

    def judge(self, child: typing.Any, event: typing.Literal["sibling-failed", "outcomes-ignored"], why: str) -> None:
        case = self.reopen(child, event, why)
        if case is not None:
            self.turns.after(child.get_loop(), case)

    def reopen(
        self, child: typing.Any, event: typing.Literal["sibling-failed", "outcomes-ignored"], why: str
    ) -> Case | None:
        """The case of a child that the gather has not passed on; none if it has been judged."""
        case = case_of(child)
        if case is None:
            case = self.verdicts.open(Case(event, child, _native.birth(child)), child)
        elif not case.become(State.TURNS):
            return None
        # From now on plain asyncio would say nothing of it.
        case.event, case.is_silent, case.why = event, True, why
        return case

    def delivers(self, gathering: typing.Any, outcomes: list[typing.Any]) -> None:
        """Results are about to be handed over, and failures among them."""
        if not self.active or not _native.has_failure(outcomes):
            return
        try:
            failed = [
                (index, child)
                for index, (child, outcome) in enumerate(zip(gathering._children, outcomes, strict=True))
                if outcome is not None and not child.cancelled() and outcome is child._exception and is_failure(outcome)
            ]
            if not failed:
                return
            if gathering.get_loop() not in ending.loops and not gathering._callbacks:
                # Nobody awaits it so far.
                gathering.heard_failed = failed
                for _, child in failed:
                    self.ignored(child, "nobody has awaited gather(..., return_exceptions=True)")
                return
            waiting = None if gathering.get_loop() in ending.loops else _waiting_coroutines(gathering)
            self.handed(gathering, failed, liveness.halts_of(waiting) if waiting else [None])
        except Exception:
            return

    def taken(self, gathering: typing.Any) -> None:
        """The list of a gather is taken by other means."""
        if self.active:
            self.awaited(gathering, None)

    def awaits(self, gathering: typing.Any) -> None:
        """A gather is about to be awaited by the function that calls."""
        if self.active:
            self.awaited(gathering, sys._getframe(1))

    def awaited(self, gathering: typing.Any, frame: types.FrameType | None) -> None:
        """Whoever runs in a frame awaits a gather, or nobody knows who takes its list."""
        failed = getattr(gathering, "heard_failed", None)
        if failed is None:
            return
        gathering.heard_failed = None
        frames = [frame]
        while frame is not None and frame.f_code.co_flags & inspect.CO_COROUTINE and len(frames) < 100:
            frame = frame.f_back
            if frame is not None and frame.f_code.co_flags & inspect.CO_COROUTINE:
                frames.insert(0, frame)
        try:
            self.handed(gathering, failed, [liveness.halt_of(one) for one in frames])
        except Exception:
            return

    def handed(
        self, gathering: typing.Any, failed: list[tuple[int, typing.Any]], halts: list[liveness.Halt | None]
    ) -> None:
        """Failures go to the last of those who wait, in a list."""
        where = next((one for one in reversed(halts) if one is None or not _is_internal(one.code)), None)
        for index, child in failed:
            self.verdicts.reconsider(child)
            fate = liveness.fate_of_result(halts, index, _is_internal)
            if fate == "used" or where is None:
                self.verdicts.marked_as_read(child)
                continue
            if fate != "later":
                self.ignored(child, _unread_list(where, fate))
            elif child._log_traceback:
                self.ask_later(child, index, halts, where)

    def ask_later(self, child: typing.Any, index: int, halts: list[liveness.Halt | None], where: liveness.Halt) -> None:
        """Whoever awaits the list is a function so long that it is not analysed while a loop waits."""
        case = self.reopen(child, "outcomes-ignored", "")
        if case is None:
            return

        def question() -> None:
            # It keeps the child until now, which would say otherwise that nobody has read it.
            nonlocal child
            fate = liveness.fate_of_result(halts, index, _is_internal)
            if fate == "used":
                self.verdicts.marked_as_read(child)
            elif fate == "later":
                self.verdicts.undecided(case)
            elif case.become(State.TURNS):
                case.why = _unread_list(where, fate)
                loop, child = child.get_loop(), None
                self.turns.after(loop, case, threadsafe=True)

        self.verdicts.ask(case, question)

    def ignored(self, child: typing.Any, why: str) -> None:
        if child._log_traceback:
            self.judge(child, "outcomes-ignored", why)


def _unread_list(where: liveness.Halt, fate: str) -> str:
    said = "drops the list of outcomes" if fate == "dropped" else "never looks at this outcome"
    return f"{where.code.co_qualname} awaits gather(..., return_exceptions=True) and {said}"


def _is_internal(code: types.CodeType) -> bool:
    return births.is_skipped(code.co_filename)


def _waiting_coroutines(future: typing.Any) -> list[typing.Any] | None:
    """The coroutines and generators of the task that waits for a future, the one that awaits it last; `None` if that is
    not plain."""
    callbacks = future._callbacks
    if not callbacks or len(callbacks) != 1:
        return None
    callback = callbacks[0][0]
    if isinstance(callback, functools.partial) and callback.func is _RELEASE_WAITER and callback.args:
        # Up to Python 3.11, `wait_for` awaits another future in its place, and then takes its result.
        return _waiting_coroutines(callback.args[0])
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return None
    chain, awaited = awaiting.chain_of(getattr(task, "_coro", None))
    return chain if chain and (awaited is None or awaiting.is_future_s(awaited)) else None
