"""Puts all hooks in place, and takes them out again."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading

from heard import _native
from heard.monitor.hooks import births, coroutines, gather, loops, shutdown, thread_futures, unwind, wait
from heard.monitor.hooks.births import tasks_of
from heard.monitor.hooks.cancels import Cancels
from heard.record import Failure, Stats
from heard.monitor.hooks.patch import Undo
from heard.report.reporter import Reporter
from heard.settings import Settings
from heard.monitor.tasks import Tasks
from heard.monitor.turns import Turns
from heard.monitor.verdicts import Verdicts

logger = logging.getLogger("heard")


class Monitor:
    """All that is in place between `install` and `uninstall`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reporter = Reporter(settings)
        self.verdicts = Verdicts(settings, self.reporter)
        self.turns = Turns()
        self.tasks = Tasks(self.verdicts, self.turns)
        self.cancels = Cancels(self.verdicts)
        self.sweep: unwind.Sweep | None = None
        self.undo: list[Undo] = []
        self.finished = False

    def put(self) -> None:
        self.verdicts.others.append(self.cancels.wake)
        self.verdicts.tasks_of = tasks_of
        self.undo += births.put(self.settings.birth_frames, self.tasks.odd)
        unwinding = unwind.put(self.tasks, self.cancels.thrown)
        if unwinding is not None:
            self.undo.append(unwinding)
        else:
            if sys.version_info >= (3, 12):
                logger.warning(
                    "all tools of sys.monitoring are taken, so failures of tasks that are kept are found a little later"
                )
            self.sweep = unwind.Sweep(self.tasks)
            self.verdicts.others.append(self.sweep)
            self.verdicts.wake_in(self.sweep.interval)
        self.undo.append(gather.put(self.verdicts, self.turns, self.tasks))
        self.undo.append(wait.put())
        self.undo += thread_futures.put(self.verdicts, self.tasks)
        self.undo += loops.put(self.verdicts)
        self.undo += shutdown.put(self.reporter, self.cancels)
        self.undo += coroutines.put(self.reporter, self.settings.origins)

    def take(self) -> None:
        self.cancels.active = self.tasks.active = False
        for undo in reversed(self.undo):
            undo()
        self.undo.clear()
        _native.stop_clock()
        self.reporter.flush(at_end=True)
        self.reporter.close()

    def finish(self) -> None:
        """The program ends: the last word on everything that is open."""
        if self.finished:
            return
        self.finished = True
        _native.stop_clock()
        self.settle("the program has ended, and nobody has read it")
        self.reporter.flush(at_end=True)

    def settle(self, why: str, stages: frozenset[str] | None = None) -> None:
        """The last word on everything that is open, or on what belongs to some parts of a test run."""
        self.turns.finish()
        registry = births.registry()
        if registry is not None:
            # Failures that nothing has told of, such as those of coroutines that are not Python's.
            for task in _native.unread(registry.data):
                self.verdicts.unheard_of(task)
        self.verdicts.settle(why, stages)

    def has_open(self) -> bool:
        """Whether some failure has no last word so far."""
        return bool(self.verdicts.held) or any(batch.cases for batch in self.turns.all)

    def look_again(self) -> None:
        """A verdict on all that is open as far as it is proved by now, without waiting."""
        self.turns.finish()
        self.verdicts.look_again()

    def before_fork(self) -> None:
        # Python warns of forks in processes with several threads.
        _native.stop_clock()

    def after_fork_in_parent(self) -> None:
        if not self.finished:
            self.verdicts.wake_in(0.05)

    def after_fork_in_child(self) -> None:
        self.reporter.after_fork_in_child()
        # Failures of the parent are the parent's to report.
        registry = births.registry()
        if registry is not None:
            for task in _native.unread(registry.data):
                self.verdicts.forget(task)
        self.verdicts.held.clear()
        self.cancels.watched.clear()
        self.turns.open.clear()
        self.turns.all.clear()
        if self.sweep is not None:
            self.verdicts.wake_in(self.sweep.interval)


_lock = threading.Lock()
_monitor: Monitor | None = None
_hooked = False


def current() -> Monitor | None:
    return _monitor


def install(settings: Settings) -> None:
    global _monitor, _hooked
    with _lock:
        if _monitor is not None:
            if _monitor.settings == settings:
                return
            _monitor.take()
        monitor = Monitor(settings)
        try:
            monitor.put()
        except BaseException:
            monitor.take()
            raise
        _monitor = monitor
        if not _hooked:
            _hooked = True
            atexit.register(_at_exit)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(
                    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
                )


def uninstall() -> None:
    global _monitor
    with _lock:
        if _monitor is not None:
            _monitor.take()
            _monitor = None


def failures() -> list[Failure]:
    return list(_monitor.reporter.kept) if _monitor is not None else []


def stats() -> Stats:
    return _monitor.reporter.stats() if _monitor is not None else Stats()


def _at_exit() -> None:
    if _monitor is not None:
        _monitor.finish()


def _before_fork() -> None:
    if _monitor is not None:
        _monitor.before_fork()


def _after_fork_in_parent() -> None:
    if _monitor is not None:
        _monitor.after_fork_in_parent()


def _after_fork_in_child() -> None:
    global _lock
    # Another thread of the parent may have held it, and does not run here.
    _lock = threading.Lock()
    if _monitor is not None:
        _monitor.after_fork_in_child()
