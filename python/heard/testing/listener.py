"""All that the monitor tells while tests run, and what of it the tests have asked for themselves."""

from __future__ import annotations

import asyncio
import asyncio.base_events
import dataclasses
import gc
import logging
import os
import sys
import types
import typing
import warnings
import weakref
from collections.abc import Callable, Iterable

from heard.monitor import clock, garbage, install, mocks, stages
from heard.monitor.hooks import ending
from heard.monitor.hooks.imports import after_import
from heard.monitor.hooks.patch import Undo, replace, wrapping
from heard.monitor.threads import listed
from heard.record import Failure
from heard.settings import Ignore, Settings

#: Longer than any test: what is judged is judged when a part of the run is over, and not by the clock.
_NEVER = 1e6
#: Code that reads its own threads' futures where the test wants to know: starlette's client may be told not to raise
#: what the server raises.
_CLIENTS = (os.path.join("starlette", "testclient.py"),)


class _Still(clock.Clock):
    """Wakes nobody: what there is to look at is looked at when a part of the run is over, and by one thread."""

    def wake_in(self, seconds: float, callback: Callable[[], float | None]) -> None:
        pass


class Listener:
    """Collects failures, each with the part of the run that it belongs to."""

    def __init__(self, ignore: Iterable[Ignore] = ()) -> None:
        self.settings = Settings(grace=_NEVER, escalate=_NEVER, ignore=tuple(ignore), listener=self)
        #: What is lost, by the identifier of the failure.
        self.lost: dict[str, Failure] = {}
        self.exceptions: dict[str, BaseException] = {}
        #: What the garbage collector has found, which may be older than the part of the run in which it was found.
        self.found: set[str] = set()
        #: Coroutines whose warning a filter ignores by its text. A block that listens is told of them all the same.
        self.filtered: set[str] = set()
        #: Exceptions that a handler of the program's, or a test, was told of.
        self.told: list[BaseException] = []
        self.collecting = False
        #: What earlier tests have left. A collection takes long, and is not made for these again and again.
        self.older: set[int | str] = set()
        #: How the module `warnings` shows a warning while nothing in a test listens to it.
        self.shows_warnings: object = None
        self.loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
        self.undo: list[Undo] = []
        #: What the program had in place before, and has again afterwards.
        self.before: Settings | None = None
        #: The one that listened before, and the part of the run: a test may run tests in its own process.
        self.outer: Listener | None = None
        self.outer_stage: str | None = None

    def start(self) -> None:
        """Puts the monitor in place. One of the program's own is taken out until `stop`."""
        global _current
        monitor = install.current()
        self.before = monitor.settings if monitor is not None else None
        self.outer, self.outer_stage = _current, stages.current
        self.note_warnings()
        _note_loops(self.loops, self.undo)
        self.undo.append(mocks.note_births())
        logging.getLogger("asyncio").addFilter(self._asserted)
        gc.callbacks.append(self._collect)
        self.listen()
        _current = self

    def stop(self) -> None:
        """Takes it out."""
        global _current
        _current, stages.current = self.outer, self.outer_stage
        monitor = install.current()
        if monitor is not None and monitor.settings is self.settings:
            if self.outer is not None:
                self.outer.listen()
            elif self.before is not None:
                install.install(self.before)
            else:
                install.uninstall()
        gc.callbacks.remove(self._collect)
        logging.getLogger("asyncio").removeFilter(self._asserted)
        for undo in reversed(self.undo):
            undo()
        self.undo.clear()

    def listen(self) -> install.Monitor:
        """The monitor, which is put in place again where a test has taken it out."""
        monitor = install.current()
        if monitor is None or monitor.settings is not self.settings:
            before = clock.use(_Still())
            try:
                install.install(self.settings)
            finally:
                clock.use(before)
            monitor = install.current()
        assert monitor is not None
        return monitor

    # What the monitor calls.

    def hear(self, failure: Failure, exception: BaseException | None) -> None:
        if failure.verdict == "retracted":
            self.lost.pop(failure.id, None)
            self.exceptions.pop(failure.id, None)
            return
        if failure.verdict == "unread":
            # It may still be read.
            return
        if failure.event == "coroutine-never-awaited":
            if self._is_recorded():
                return
            if _is_named_by_filter(failure):
                self.filtered.add(failure.id)
        if failure.event == "thread-future-failed" and any(place.path.endswith(_CLIENTS) for place in failure.born):
            return
        self.lost[failure.id] = failure
        if exception is not None:
            self.exceptions[failure.id] = exception
        if self.collecting:
            self.found.add(failure.id)

    def handled(self, exception: BaseException | None) -> None:
        if exception is not None:
            self.told.append(exception)

    def _is_recorded(self) -> bool:
        """Whether a test has asked to be given the warnings."""
        return typing.cast(typing.Any, warnings)._showwarnmsg_impl is not self.shows_warnings

    def _asserted(self, record: logging.LogRecord) -> bool:
        """asyncio says something, while `assertLogs` listens."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(type(handler).__module__ == "unittest._log" for handler in logger.handlers):
                self.handled(exception_of(record))
            logger = logger.parent if logger.propagate else None
        return True

    def _collect(self, phase: str, _: object) -> None:
        self.collecting = phase == "start"

    # What a test run calls.

    def begin(self, stage: str) -> None:
        """What is born from now on belongs to this part of the run."""
        self.listen()
        stages.current = stage

    def note_warnings(self) -> None:
        """Nothing that belongs to the test listens to warnings so far."""
        self.shows_warnings = typing.cast(typing.Any, warnings)._showwarnmsg_impl

    def look(self) -> None:
        """The part that runs is over: what is lost by now is known then, and what goes on is marked as its own."""
        monitor = self.listen()
        has_left = self._mark_left()
        self.mark()
        for loop in self.open_loops():
            if not loop.is_running():
                monitor.cancels.look_at_rest(loop)
        if monitor.sweep is not None:
            monitor.sweep()
        if has_left or monitor.turns.has_cases() or self.unsettled(monitor) - self.older:
            # Who is in a cycle with its task cannot read it any more, and a task that is left cannot go on.
            garbage.collect()
        monitor.look_again()

    def unsettled(self, monitor: install.Monitor) -> set[int | str]:
        """What has no last word so far, and what is lost and nobody has taken so far, by number or identifier."""
        lost = (failure.id for failure in self.lost.values() if not is_pending(failure))
        return {*monitor.verdicts.open_numbers(), *lost}

    def settle(self, why: str, of: Iterable[str] | None) -> None:
        """Whatever is unread of these parts of the run, or of all, is lost."""
        self.listen().settle(why, frozenset(of) if of is not None else None)

    def pending(self) -> list[asyncio.Task[typing.Any]]:
        """The tasks of all loops that are not done."""
        return [task for loop in self.open_loops() for task in asyncio.all_tasks(loop)]

    def open_loops(self) -> list[asyncio.AbstractEventLoop]:
        """The loops that may turn again. The others are forgotten: a long run may keep thousands of them alive."""
        for loop in listed(self.loops):
            if loop.is_closed():
                self.loops.discard(loop)
        return listed(self.loops)

    def _mark_left(self) -> bool:
        """Whether loops were closed over tasks that are not done. The collector may find these at any time."""
        left = [task for loop in listed(self.loops) if loop.is_closed() for task in asyncio.all_tasks(loop)]
        for task in left:
            stages.mark(task)
        return bool(left)

    def mark(self) -> None:
        """Whatever runs was born by now."""
        for task in self.pending():
            stages.mark(task)

    def take(self, belongs: Callable[[Failure], bool]) -> list[Failure]:
        """What is lost of these, once."""
        return [failure for failure, _ in self.take_pairs(belongs)]

    def take_pairs(self, belongs: Callable[[Failure], bool]) -> list[tuple[Failure, BaseException | None]]:
        """The same, each with its exception."""
        if not self.lost:
            return []
        taken = [failure for failure in list(self.lost.values()) if belongs(failure)]
        for failure in taken:
            del self.lost[failure.id]
        told = {id(exception) for exception in self.told}
        pairs = [(failure, self.exceptions.pop(failure.id, None)) for failure in taken]
        return one_an_exception(pair for pair in pairs if id(pair[1]) not in told)

    def give_back(self, failure: Failure, exception: BaseException | None) -> None:
        """Part of what was taken belongs to the part of the run that goes on."""
        failure = dataclasses.replace(failure, test=stages.current)
        self.found.discard(failure.id)
        self.lost[failure.id] = failure
        if exception is not None:
            self.exceptions[failure.id] = exception

    def end_test(self) -> None:
        """A test is over: what it was told of is told, and what it has left does not concern the next one."""
        self.told.clear()
        self.older = self.unsettled(self.listen())


#: The one that listens.
_current: Listener | None = None


def current() -> Listener | None:
    """The listener of the run of tests, or of the block, that runs."""
    return _current


def one_an_exception(
    pairs: Iterable[tuple[Failure, BaseException | None]],
) -> list[tuple[Failure, BaseException | None]]:
    """One exception that two tasks end with is one failure."""
    seen: set[int] = set()
    kept = []
    for failure, exception in list(pairs):
        if exception is not None and id(exception) in seen:
            continue
        seen.add(id(exception))
        kept.append((failure, exception))
    return kept


def exception_of(record: logging.LogRecord) -> BaseException | None:
    """The exception that a record tells of."""
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


def _is_named_by_filter(failure: Failure) -> bool:
    """Whether the filter that holds for the warning of a coroutine ignores it by its text. What ignores all warnings,
    or all of some place, does not mean this one."""
    text = f"coroutine '{failure.coroutine}' was never awaited"
    module, line = _warned_at()
    for action, message, category, module_pattern, line_of_filter in _filters():
        if (
            _matches(message, text)
            and issubclass(RuntimeWarning, category)
            and _matches(module_pattern, module)
            and line_of_filter in (0, line)
        ):
            # The first one decides.
            return bool(action == "ignore" and not any(_matches(message, other) for other in _OTHER_TEXTS))
    return False


#: What does not name a coroutine's warning matches one of these as well.
_OTHER_TEXTS = ("", "This text is of another warning")


def _filters() -> Iterable[tuple[str, typing.Any, type[Warning], typing.Any, int]]:
    """The filters of warnings, in their order; Python 3.14 may keep some for each context."""
    module = typing.cast(typing.Any, warnings)
    context = getattr(module, "_get_context", None)
    filters: Iterable[tuple[str, typing.Any, type[Warning], typing.Any, int]]
    filters = context()._filters if context is not None else module.filters
    return filters


def _matches(pattern: typing.Any, text: str) -> bool:
    """As the module `warnings` matches; the filters that Python begins with have plain texts."""
    return pattern is None or (pattern == text if isinstance(pattern, str) else pattern.match(text) is not None)


def _warned_at() -> tuple[str, int]:
    """The module and the line that the warning of a coroutine is given, which are those of the code that drops it."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "heard":
        frame = frame.f_back
    if frame is None:
        return "sys", 0
    return str(frame.f_globals.get("__name__", "<string>")), frame.f_lineno


def _note_loops(loops: weakref.WeakSet[asyncio.AbstractEventLoop], undo: list[Undo]) -> None:
    """Notes every loop that is made from now on, and looks at it whenever it comes to rest. What takes that back is
    added to `undo`, later as well."""

    def note(loop_type: typing.Any) -> None:
        original_init, original_run = loop_type.__init__, loop_type.run_forever

        def __init__(self: typing.Any, *args: typing.Any, **kwargs: typing.Any) -> None:
            original_init(self, *args, **kwargs)
            loops.add(self)

        def run_forever(self: typing.Any) -> object:
            try:
                return original_run(self)
            finally:
                # What comes next, a tear-down perhaps, may end a task that has gone on when it was told to stop.
                monitor = install.current()
                if monitor is not None and self not in ending.loops:
                    monitor.cancels.look_at_rest(self)

        undo.append(replace(loop_type, "__init__", wrapping(__init__, original_init)))
        undo.append(replace(loop_type, "run_forever", wrapping(run_forever, original_run)))

    note(asyncio.base_events.BaseEventLoop)
    undo.append(after_import("uvloop", lambda module: note(module.Loop)))


def is_pending(failure: Failure) -> bool:
    """Whether it tells of a task that was left when its loop ended, which is no loss."""
    return failure.event == "task-pending-at-exit"


@dataclasses.dataclass(frozen=True)
class Allowed:
    """What need not be heard: names of rules, events, coroutines, tasks and exceptions, and classes of exceptions."""

    names: frozenset[str] = frozenset()
    classes: tuple[type[BaseException], ...] = ()

    @classmethod
    def of(cls, allow: Iterable[object]) -> Allowed:
        """Raises `TypeError` for what is neither a name nor a class of exceptions."""
        names, classes = set(), []
        for one in allow:
            if isinstance(one, str):
                names.add(one)
            elif isinstance(one, type) and issubclass(one, BaseException):
                classes.append(one)
            else:
                raise TypeError(f"{one!r} is neither a name nor a class of exceptions")
        return cls(frozenset(names), tuple(classes))

    def covers(self, failure: Failure, exception: BaseException | None) -> bool:
        if isinstance(exception, self.classes):
            return True
        mine = {failure.rule, failure.coroutine, failure.task, failure.event}
        if failure.exception is not None:
            mine |= {failure.exception.type, failure.exception.type.rpartition(".")[2]}
        return not self.names.isdisjoint(name for name in mine if name)
