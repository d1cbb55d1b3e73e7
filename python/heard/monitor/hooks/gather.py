"""What `asyncio.gather` does to evidence.

After its first failure, or when it was cancelled, it reads the failures of the others and drops them; with
`return_exceptions=True` it reads all of them and hands them to somebody who may not look.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import functools
import types
import typing
import weakref

from heard import _native
from heard.monitor import liveness, places
from heard.monitor.hooks import births
from heard.monitor.hooks.patch import Undo, replace
from heard.monitor.turns import Turns
from heard.monitor.case import Facts, Verdicts


def put(verdicts: Verdicts, turns: Turns) -> Undo:
    """Puts a class in place of the one whose instances `gather` returns, whoever imported `gather`, and when."""
    original: typing.Any = typing.cast(typing.Any, asyncio.tasks)._GatheringFuture
    watch = _Watch(verdicts, turns)

    class Gathering(original):  # type: ignore[misc]
        #: Where the child whose failure it passes on was born.
        heard_site = 0

        def set_result(self, result: typing.Any) -> None:
            if watch.active and _native.has_failure(result):
                watch.delivered(self, result)
            original.set_result(self, result)

        def set_exception(self, exception: typing.Any) -> None:
            original.set_exception(self, exception)
            if watch.active:
                watch.failed(self, exception)

    Gathering.__name__ = original.__name__
    Gathering.__qualname__ = original.__qualname__
    Gathering.__module__ = original.__module__
    put_back = replace(asyncio.tasks, "_GatheringFuture", Gathering)

    def undo() -> None:
        watch.active = False
        put_back()

    return undo


class _Watch:
    def __init__(self, verdicts: Verdicts, turns: Turns) -> None:
        self.verdicts = verdicts
        self.turns = turns
        self.active = True
        self.internal = tuple(births.skipped())

    def failed(self, gathering: typing.Any, exception: BaseException) -> None:
        """The gather ends with a failure: what its children do from now on, nobody learns from it."""
        try:
            gathering.heard_site = _birth_of(gathering._children, exception)
            for child in dict.fromkeys(gathering._children):
                if not child.done():
                    child.add_done_callback(self.late)
                elif not child.cancelled() and child._exception not in (None, exception):
                    self.late(child)
            reference = weakref.ref(gathering)
            self.turns.after(gathering.get_loop(), lambda: self.unread(reference))
        except Exception:
            # A child of the program's own making.
            return

    def unread(self, reference: weakref.ref[typing.Any]) -> None:
        """Its own failure, if nobody reads it."""
        gathering = reference()
        if (
            gathering is None
            or not gathering._log_traceback
            or isinstance(gathering._exception, asyncio.CancelledError)
        ):
            return
        facts = Facts("task-failed", gathering, gathering.heard_site)
        del gathering
        self.verdicts.judge(reference, facts)

    def late(self, child: typing.Any) -> None:
        """A child ends when its gather has ended already."""
        try:
            if not self.active or child.cancelled() or child._exception is None:
                return
            exception = child._exception
            if isinstance(exception, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
                return
            facts = Facts("sibling-failed", child, _native.birth(child), exception)
            kept = [child]
            self.turns.after(child.get_loop(), lambda: self.judge(kept, facts))
        except Exception:
            return

    def judge(self, kept: list[typing.Any], facts: Facts) -> None:
        reference = weakref.ref(kept[0])
        still_flagged = bool(kept[0]._log_traceback)
        kept.clear()
        if still_flagged:
            # The gather is gone and has not erased it, so the task keeps book itself.
            return
        kind, holder = self.verdicts.look(reference, facts)
        if kind != "live":
            # A task that is held may be read later, and nothing tells whether it is.
            self.verdicts.lose(reference, facts, kind, holder)

    def delivered(self, gathering: typing.Any, outcomes: list[typing.Any]) -> None:
        """Failures are about to be handed over as results."""
        try:
            failed = [
                (index, child, outcome)
                for index, (child, outcome) in enumerate(zip(gathering._children, outcomes, strict=True))
                # A child that was told to stop, by somebody who then waits for all of them, may fail.
                if isinstance(outcome, Exception) and outcome is child._exception and not _was_cancelled(child)
            ]
            if not failed or id(gathering.get_loop()) in ending_loops:
                return
            waiting = _waiting_coroutines(gathering)
            if waiting is None:
                return
            for index, child, outcome in failed:
                fate = liveness.fate_of_result(waiting, index, self.is_internal)
                if fate != "used":
                    self.ignored(child, outcome, waiting[-1], fate)
        except Exception:
            return

    def is_internal(self, code: types.CodeType) -> bool:
        return code.co_filename.startswith(self.internal)

    def ignored(self, child: typing.Any, outcome: BaseException, waiting: typing.Any, fate: str) -> None:
        facts = Facts("outcomes-ignored", child, _native.birth(child))
        fields = facts.as_fields()
        where = places.coroutine_name(waiting)
        said = "drops the list of outcomes" if fate == "dropped" else "never looks at this outcome"
        self.verdicts.reporter.tell(
            "outcomes-ignored",
            "unread-gather",
            "lost",
            outcome,
            key=facts.site,
            born=functools.partial(places.born, facts.site),
            holder=where,
            waiters=(where,) if where else (),
            why=f"{where} awaits gather(..., return_exceptions=True) and {said}",
            **fields,
        )


#: The addresses of loops whose remaining tasks asyncio cancels and gathers itself.
ending_loops: set[int] = set()


def _was_cancelled(child: typing.Any) -> bool:
    cancelling = getattr(child, "cancelling", None)
    return cancelling is not None and cancelling() > 0


def _birth_of(children: list[typing.Any], exception: BaseException) -> int:
    return next((_native.birth(child) for child in children if child.done() and child._exception is exception), 0)


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
