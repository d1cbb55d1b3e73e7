"""Puts all hooks in place, and takes them out again.

A hook is a module of `heard.monitor.hooks` with a function `put`, which puts it in place, finds out whether it works,
and returns what takes it out again. Where it raises, Python is not as it expects: it is left out, and one line says
what is not heard then. The others stay.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor import case
from heard.monitor.hooks import births, cancels, coroutines, futures, gather, loops, sentry, shutdown, sudden_end, thread_futures, unwind
from heard.monitor.hooks.cancels import Cancels
from heard.monitor.hooks.patch import Undo, Undoing
from heard.monitor.tasks import Tasks
from heard.monitor.turns import Turns
from heard.monitor.verdicts import Verdicts
from heard.report import log
from heard.report.reporter import Reporter
from heard.settings import Settings
from heard.watch import place

if typing.TYPE_CHECKING:
    from heard.record import Event, Failure, Stats, Verdict
    from heard.watch.server import Server
    from heard.watch.watchman import Watchman

#: Seconds that a fork waits for a report that is being made: code of the program's may wait there for the one that
#: forks.
_FORK_PATIENCE = 0.2
#: The same at the end of the program.
_END_PATIENCE = 1.0


class Monitor:
    """All that is in place between `install` and `uninstall`."""

    def __init__(self, settings: Settings, before: Monitor | None = None) -> None:
        self.settings = settings
        self.reporter = Reporter(settings)
        if before is None:
            self.verdicts = Verdicts(settings, self.reporter)
            self.turns = Turns()
            self.tasks = Tasks(self.verdicts, self.turns)
            self.failed = futures.Failed(self.tasks)
        else:
            self.verdicts, self.turns, self.tasks = before.verdicts, before.turns, before.tasks
            self.failed = before.failed
            self.failed.active = True
            self.verdicts.go_on(settings, self.reporter)
            self.tasks.active = True
            self.reporter.counts["unread"] = before.reporter.counts["unread"]
        self.cancels = Cancels(self.verdicts)
        self.sweep: unwind.Sweep | None = None
        self.undo = Undoing()
        self.finished = False
        #: Where `heard top` may read what runs.
        self.watch: Server | None = None
        self.watchman: Watchman | None = None
        self.watch_folder = place.wanted(settings.watch)
        #: Whether the clock has to go on after a fork.
        self.clock_ran = False

    def put(self) -> None:
        self.reporter.wake_in = self.verdicts.wake_in
        self.verdicts.others.append(self.cancels.wake)
        self.verdicts.tasks_of = births.tasks_of
        for hook in _HOOKS:
            try:
                self.undo += hook.put(self)
            except Exception as error:
                log.say(
                    "%s The hook `%s` does not work here: %s: %s", hook.without, hook.name, type(error).__name__, error
                )

        if self.watch_folder is not None:
            from heard.watch import watchman
            from heard.watch.server import Server
            from heard.watch.snapshot import Snapshots

            self.watch = Server(self.watch_folder, Snapshots(self).take)
            self.watch.open()
            self.watchman = watchman.begin(self.verdicts.wake_in)
            self.verdicts.others.append(self.watchman)

    def take(self) -> None:
        """Takes the hooks out. What is open stays open for the next one."""
        self._close_watch()
        self.cancels.active = self.tasks.active = False
        self.undo.undo()
        _native.stop_clock(_END_PATIENCE)

    def _close_watch(self) -> None:
        if self.watchman is not None:
            self.verdicts.others.remove(self.watchman)
            self.watchman = None
        if self.watch is not None:
            self.watch.close()
            self.watch = None

    def close(self) -> None:
        self.reporter.flush(at_end=True)
        self.reporter.close()

    def forget(self) -> None:
        """Nobody will judge what is open, and no loop is kept for it."""
        self.verdicts.held.clear()
        self.cancels.watched.clear()
        self.turns.open.clear()
        self.turns.all.clear()
        self.failed.references.clear()

    def is_owed(self) -> bool:
        """Whether something is to be done before the process ends."""
        if self.finished:
            return False
        registry = births.registry()
        return bool(
            self.watch is not None
            or self.verdicts.held
            or self.turns.all
            or any(self.reporter.counts.values())
            or registry is not None
            and _native.unread(registry.data)
            or self.failed.unread()
        )

    def finish(self) -> None:
        """The program ends: the last word on everything that is open."""
        if self.finished:
            return
        self.finished = True
        self._close_watch()
        _native.no_word_before_death()
        if not _native.stop_clock(_END_PATIENCE, for_good=True):
            # The `report` of the program hangs there, and would hang here.
            self.reporter.is_mute = True
        for future in self.failed.unread():
            self.verdicts.unheard_of(future)
        self.settle("the program has ended, and nobody has read it")
        self.reporter.flush(at_end=True)
        self.reporter.deliver_rest()

    def settle(self, why: str, stages: frozenset[str] | None = None) -> None:
        """The last word on everything that is open, or on what belongs to some parts of a test run."""
        self.verdicts.answer()
        self.turns.finish()
        registry = births.registry()
        if registry is not None:
            # Failures that nothing has told of, such as those of coroutines that are not Python's.
            for task in _native.unread(registry.data):
                self.verdicts.unheard_of(task)
        self.verdicts.settle(why, stages)

    def look_again(self) -> None:
        """A verdict on all that is open as far as it is proved by now, without waiting."""
        self.turns.finish()
        self.verdicts.look_again()

    def finish_suddenly(self) -> None:
        """The same, where no more code of the program's will run in this process."""
        self.finish()
        for say in _sudden_ends:
            say()

    def before_fork(self) -> None:
        # Python warns of forks in processes with several threads.
        if self.watch is not None:
            self.watch.stop()
        self.clock_ran = _native.clock_runs()
        _native.stop_clock(_FORK_PATIENCE)
        _native.disarm()

    def after_fork_in_parent(self) -> None:
        if self.watch is not None:
            self.watch.start()
        if self.clock_ran:
            self.verdicts.wake_in(0.05)

    def after_fork_in_child(self) -> None:
        case.after_fork_in_child()
        self.reporter.after_fork_in_child()
        # Failures of the parent are the parent's to report.
        open_cases = [*self.verdicts.held.values(), *(one for batch in self.turns.all for one in batch.cases)]
        found = [one.reference() for one in open_cases]
        registry = births.registry()
        if registry is not None:
            found += _native.unread(registry.data)
        for future in [*found, *self.failed.unread()]:
            if future is not None:
                self.verdicts.forget(future)
        self.forget()
        if self.watch is not None:
            self.watch.after_fork_in_child()
            self.verdicts.wake_in(0.0)
        if self.sweep is not None:
            self.verdicts.wake_in(self.sweep.interval)


class _Hook(typing.NamedTuple):
    name: str
    put: Callable[[Monitor], list[Undo]]
    #: What is not heard without it, as a sentence.
    without: str


def _put_unwind(monitor: Monitor) -> list[Undo]:
    """Failures of tasks, told by the interpreter, or looked for where it cannot tell."""
    try:
        unwinding = unwind.put(monitor.tasks)
        why = "all tools of sys.monitoring are taken" if sys.version_info >= (3, 12) else ""
    except Exception as error:
        unwinding, why = None, f"sys.monitoring does not work: {type(error).__name__}: {error}"
    if unwinding is not None:
        return [unwinding]
    if why:
        log.say("%s, so failures of tasks that are kept are found a little later", why)
    monitor.sweep = unwind.Sweep(monitor.tasks)
    monitor.verdicts.others.append(monitor.sweep)
    monitor.verdicts.wake_in(monitor.sweep.interval)
    return []


_HOOKS = (
    _Hook(
        "births",
        lambda of: births.put(of.settings.birth_frames, of.tasks.odd, timed=of.watch_folder is not None),
        "Nothing says where a task was made.",
    ),
    _Hook("unwind", _put_unwind, "Failures of tasks that are kept are not heard."),
    _Hook(
        "futures",
        lambda of: futures.put(of.failed, of.tasks, of.cancels.stopped),
        "Failures that a `gather`, a `wait` or `cancel()` has looked at are not heard, nor are those of futures that are"
        " no tasks and are held to the end, nor tasks that go on when they are told to stop.",
    ),
    _Hook(
        "gather",
        lambda of: gather.put(of.verdicts, of.turns, of.tasks),
        "Failures that `asyncio.gather` has taken up are not heard.",
    ),
    _Hook(
        "thread_futures",
        lambda of: thread_futures.put(of.verdicts, of.tasks),
        "Failures of work for other threads are not heard.",
    ),
    _Hook(
        "loops",
        lambda of: loops.put(of.verdicts),
        "What the loop is told of goes to asyncio's log alone: failures of tasks that nobody holds, and of callbacks.",
    ),
    _Hook("sentry", lambda of: sentry.put(), "What integrations of Sentry's have sent is sent again from the log."),
    _Hook("shutdown", lambda of: shutdown.put(of.reporter, of.cancels), "Tasks that are left at the end are not counted."),
    _Hook(
        "coroutines",
        lambda of: coroutines.put(of.reporter, of.settings.origins),
        "Coroutines that are never awaited are not heard.",
    ),
    _Hook(
        "sudden_end",
        lambda of: sudden_end.put(of.is_owed, of.finish_suddenly),
        "What is open when the process ends by `os._exit` or SIGTERM is not told.",
    ),
)

_lock = threading.Lock()
_monitor: Monitor | None = None
_hooked = False
_sudden_ends: list[Callable[[], None]] = []


def current() -> Monitor | None:
    return _monitor


def install(settings: Settings) -> None:
    global _monitor, _hooked
    with _lock:
        before = _monitor
        if before is not None:
            if before.settings == settings:
                return
            before.take()
            before.close()
        _monitor = None
        monitor = Monitor(settings, before)
        try:
            monitor.put()
        except BaseException:
            monitor.take()
            raise
        _monitor = monitor
        if monitor.verdicts.held:
            monitor.verdicts.wake_in(0.05)
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
        monitor = _monitor
        if monitor is not None:
            monitor.take()
            try:
                monitor.close()
            finally:
                # Somebody may have pressed Ctrl-C.
                monitor.forget()
                _monitor = None


def before_sudden_end(say: Callable[[], None]) -> None:
    """Calls it after the last word of a process that ends without Python being told."""
    _sudden_ends.append(say)


def failures() -> list[Failure]:
    return list(_monitor.reporter.kept) if _monitor is not None else []


def totals() -> dict[tuple[Event, str, Verdict | None], int]:
    return dict(_monitor.reporter.totals) if _monitor is not None else {}


def stats() -> Stats:
    from heard.record import Stats

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
