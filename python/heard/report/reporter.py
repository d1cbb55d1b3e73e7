"""Where records go: the log, the journal, the caller of `install`, and the counters."""

from __future__ import annotations

import collections
import logging
import os
import sys
import threading
import time
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor import places, stages
from heard.report import log
from heard.report.events import EVENTS, counter_of, level_of
from heard.report.journal import Journal
from heard.report.storm import Storm
from heard.settings import Settings

# The classes of records are made when there is the first failure: children start sooner.
if typing.TYPE_CHECKING:
    from heard.exporters.delivery import Delivery
    from heard.record import Event, Failure, Place, Stats, Verdict

    Born = Callable[[], tuple[Place, ...]]

_KEPT = 1000
#: Seconds until a look at what a storm has held back.
_FIRST_FLUSH = 1.0
#: The folder of this package, and what of it calls code of others while it reports.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_AROUND = [os.path.join(_PACKAGE, "report", ""), os.path.join(_PACKAGE, "monitor", "hooks", "loops.py")]


class Reporter:
    """Nothing that goes wrong in here gets into the program."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storm = Storm()
        self.journal = Journal(settings.json, settings.json_file) if settings.json is not None else None
        self.kept: collections.deque[Failure] = collections.deque(maxlen=_KEPT)
        self.counts: collections.Counter[str] = collections.Counter()
        #: How many there were of each event, rule and first verdict.
        self.totals: collections.Counter[tuple[Event, str, Verdict | None]] = collections.Counter()
        self.delivery = _delivery(settings)
        #: Held for moments, and never while code of the program's may run.
        self.lock = threading.RLock()
        #: What this thread has to report, when it has done with what it reports now.
        self.queue = threading.local()
        #: What a thread has left behind that was interrupted.
        self.left: collections.deque[Callable[[], object]] = collections.deque()
        #: Set when the `report` of the program hangs: it is not called again.
        self.is_mute = False
        #: Has the clock call in so many seconds: it tells what was held back, and is there when a signal comes.
        self.wake_in: Callable[[float], None] | None = None

    def stats(self) -> Stats:
        import dataclasses

        from heard.record import Stats

        return Stats(**{field.name: self.counts[field.name] for field in dataclasses.fields(Stats)})

    def speaks(self) -> bool:
        """Whether a failure that is told gets out: only then may asyncio's own message be left out. While tests run they
        may look for it."""
        if self.settings.listener is not None:
            return False
        return self.settings.report is not None or log.speaks(logging.ERROR)

    def handled(self, exception: object) -> None:
        """A handler of the program's was told of an exception."""
        if self.settings.listener is not None and isinstance(exception, BaseException):
            self.settings.listener.handled(exception)

    def _in_turn(self, work: Callable[[], object]) -> None:
        """Does it now, or when this thread has done with what it is doing: code of the program's that runs within a
        report, a collection or a handler of its log, may fail too."""
        waiting: collections.deque[Callable[[], object]] | None = getattr(self.queue, "waiting", None)
        if waiting is not None:
            waiting.append(work)
            return
        waiting = self.queue.waiting = collections.deque()
        try:
            _attempt(work)
            while waiting or self.left:
                _attempt((waiting or self.left).popleft())
        except BaseException as error:
            # A signal handler of the program's has run here by chance. Whoever calls may be a finaliser.
            if threading.get_ident() != threading.main_thread().ident:
                raise
            self.left.extend(waiting)
            _native.raise_later(error, _PACKAGE, _AROUND)
        finally:
            self.queue.waiting = None

    def tell(
        self,
        event: Event,
        rule: str,
        verdict: Verdict | None,
        exception: BaseException | None = None,
        key: typing.Hashable = None,
        level: int | None = None,
        born: Born | None = None,
        then: Callable[[Failure | None], None] | None = None,
        **facts: typing.Any,
    ) -> None:
        """Makes a record and passes it on. `then` is called with it when it is out, or with `None` if it is ignored or
        one of many."""

        def work() -> None:
            failure = None
            try:
                failure = self._tell(event, rule, verdict, exception, key, level, born, facts)
            finally:
                if then is not None:
                    then(failure)

        self._in_turn(work)

    def _tell(
        self,
        event: Event,
        rule: str,
        verdict: Verdict | None,
        exception: BaseException | None,
        key: typing.Hashable,
        level: int | None,
        born: Born | None,
        facts: dict[str, typing.Any],
    ) -> Failure | None:
        from heard.record import Failure, new_id

        rest: dict[str, typing.Any] = {"test": stages.current, **facts}
        bare = Failure(event, rule, verdict, new_id(), time.time(), **rest)
        if self.settings.ignore and self._is_ignored(bare, exception):
            with self.lock:
                self.counts["ignored"] += 1
            return None
        if self.settings.listener is not None and EVENTS[event].counter != "told":
            failure = self._full(bare, exception, born)
            self.settings.listener.hear(failure, exception)
            return failure
        counter = counter_of(event, verdict)
        # The class itself may not be comparable, and would be kept.
        kind = (event, verdict, id(type(exception)), facts.get("coroutine"), key)
        if level is None:
            level = level_of(event, verdict)
        with self.lock:
            self.counts[counter] += 1
            self.totals[event, rule, verdict] += 1
            admitted = self.storm.admits(kind)
            wants_sample = not admitted and self.storm.wants_sample(kind)
        if self.wake_in is not None and (not admitted or sum(self.counts.values()) == 1):
            self.wake_in(_FIRST_FLUSH)
        if admitted:
            failure = self._full(bare, exception, born)
            self._emit(failure, level, exception)
            return failure
        if wants_sample:
            sample = self._sample(bare, exception, born)
            with self.lock:
                self.storm.keep_sample(kind, sample, level)
        return None

    def _is_ignored(self, bare: Failure, exception: BaseException | None) -> bool:
        try:
            return self.settings.ignores(bare, exception)
        except Exception:
            # What cannot tell that a failure is to be ignored does not ignore it.
            _complain()
            return False

    def _sample(
        self, bare: Failure, exception: BaseException | None, born: Born | None
    ) -> Failure:
        """The record that stands for many. Without one, nobody would be told how many there are."""
        try:
            return self._full(bare, exception, born, short=True)
        except Exception:
            _complain()
            return bare

    def _full(
        self,
        bare: Failure,
        exception: BaseException | None,
        born: Born | None,
        short: bool = False,
    ) -> Failure:
        import dataclasses

        raised = places.raised(exception) if exception is not None else None
        if raised is not None and short:
            raised = dataclasses.replace(raised, traceback=(), text="", cause=None, context=None, exceptions=())
        return dataclasses.replace(bare, exception=raised, born=born() if born is not None else bare.born)

    def change(self, failure: Failure, verdict: Verdict, why: str) -> None:
        """A later verdict on a failure that was reported as unread."""
        self._in_turn(lambda: self._change(failure, verdict, why))

    def _change(self, failure: Failure, verdict: Verdict, why: str) -> None:
        import dataclasses

        raised = failure.exception
        if raised is not None:
            raised = dataclasses.replace(raised, traceback=(), text="", cause=None, context=None, exceptions=())
        self._recount(verdict)
        later = dataclasses.replace(failure, verdict=verdict, why=why, exception=raised)
        if self.settings.listener is not None:
            self.settings.listener.hear(later, None)
            return
        self._emit(later, level_of(failure.event, verdict))

    def undecided(self) -> None:
        """A failure of which nothing tells whether it is read: it is counted, and nothing is said."""
        with self.lock:
            self.counts["undecided"] += 1

    def decided(self) -> None:
        """Something tells of such a failure after all."""
        with self.lock:
            self.counts["undecided"] -= 1

    def recount(self, verdict: Verdict) -> None:
        """The same, for a failure that was counted and not shown."""
        self._in_turn(lambda: self._recount(verdict))

    def _recount(self, verdict: Verdict) -> None:
        with self.lock:
            self.counts["unread"] -= 1
            self.counts["retracted" if verdict == "retracted" else "lost"] += 1

    def flush(self, at_end: bool = False) -> None:
        """Tells what storms have held back."""
        self._in_turn(lambda: self._flush(at_end))

    def _flush(self, at_end: bool) -> None:
        with self.lock:
            due = self.storm.due(at_end)
        for failure, level in due:
            self._emit(failure, level)

    def _emit(self, failure: Failure, level: int, exception: BaseException | None = None) -> None:
        self.kept.append(failure)
        if self.journal is not None:
            self.journal.write(failure)
        if self.delivery is not None:
            self.delivery.put(failure, exception)
        if self.settings.report is not None:
            if not self.is_mute:
                self.settings.report(failure)
        elif level >= logging.INFO:
            # The others, such as tasks that are left at the end, are counted, and told by the journal.
            log.write(failure, level, exception)

    def after_fork_in_child(self) -> None:
        """What the parent has counted and not told yet is the parent's to tell."""
        # Another thread of the parent may have held the lock, or reported, and does not run here.
        self.lock = threading.RLock()
        self.queue = threading.local()
        self.left.clear()
        self.counts.clear()
        self.totals.clear()
        self.kept.clear()
        self.storm.forget()
        if self.journal is not None:
            self.journal.after_fork_in_child()
        if self.delivery is not None:
            self.delivery.after_fork_in_child()

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()
        self.deliver_rest()

    def deliver_rest(self) -> None:
        """Has what is on its way to exporters brought there."""
        if self.delivery is not None:
            self.delivery.close()


def _delivery(settings: Settings) -> Delivery | None:
    if not settings.exporters:
        return None
    from heard.exporters.delivery import Delivery

    return Delivery(settings.exporters)


def _attempt(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        # A monitor that fails must not take the program with it.
        _complain()


def _complain() -> None:
    """A defect of our own, or of a receiver: said as logging says such things, and only where it would."""
    if logging.raiseExceptions and sys.stderr is not None:
        try:
            import traceback

            sys.stderr.write("heard: a report failed\n")
            traceback.print_exc()
        except Exception:
            pass
