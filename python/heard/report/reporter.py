"""Where records go: the log, the journal, the caller of `install`, and the counters."""

from __future__ import annotations

import collections
import dataclasses
import logging
import sys
import threading
import time
import typing
from collections.abc import Callable

from heard.monitor import places, stages
from heard.report.text import block
from heard.record import Event, Failure, Place, Stats, Verdict, new_id
from heard.report.events import EVENTS, counter_of, level_of
from heard.report.journal import Journal
from heard.settings import Settings
from heard.report.storm import Storm

logger = logging.getLogger("heard")

_KEPT = 1000


class Reporter:
    """Nothing that goes wrong in here gets into the program."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storm = Storm()
        self.journal = Journal(settings.json) if settings.json is not None else None
        self.kept: collections.deque[Failure] = collections.deque(maxlen=_KEPT)
        self.counts: collections.Counter[str] = collections.Counter()
        self.lock = threading.RLock()
        #: Set while this thread reports: a handler of the program may fail too.
        self.busy = threading.local()

    def stats(self) -> Stats:
        return Stats(**{field.name: self.counts[field.name] for field in dataclasses.fields(Stats)})

    def is_busy(self) -> bool:
        """Whether this thread is reporting something."""
        return getattr(self.busy, "active", False)

    def tell(
        self,
        event: Event,
        rule: str,
        verdict: Verdict | None,
        exception: BaseException | None = None,
        key: typing.Hashable = None,
        level: int | None = None,
        born: Callable[[], tuple[Place, ...]] | None = None,
        **facts: typing.Any,
    ) -> Failure | None:
        """Makes a record and passes it on. Returns it, unless it is ignored or one of many."""
        if self.is_busy():
            return None
        self.busy.active = True
        try:
            return self._tell(event, rule, verdict, exception, key, level, born, facts)
        except Exception:
            # A monitor that fails must not take the program with it.
            _complain()
            return None
        finally:
            self.busy.active = False

    def _tell(
        self,
        event: Event,
        rule: str,
        verdict: Verdict | None,
        exception: BaseException | None,
        key: typing.Hashable,
        level: int | None,
        born: Callable[[], tuple[Place, ...]] | None,
        facts: dict[str, typing.Any],
    ) -> Failure | None:
        bare = Failure(event, rule, verdict, new_id(), time.time(), **{"test": stages.current, **facts})
        if self.settings.ignore and self._is_ignored(bare, exception):
            with self.lock:
                self.counts["ignored"] += 1
            return None
        if self.settings.listener is not None and EVENTS[event].counter != "told":
            failure = self._full(bare, exception, born)
            self.settings.listener.hear(failure, exception)
            return failure
        counter = counter_of(event, verdict)
        kind = (event, verdict, type(exception), facts.get("coroutine"), key)
        with self.lock:
            self.counts[counter] += 1
            admitted = self.storm.admits(kind)
            if not admitted:
                self.storm.keep_sample(kind, lambda: self._sample(bare, exception, born))
                return None
        failure = self._full(bare, exception, born)
        self.kept.append(failure)
        self._emit(failure, level)
        return failure

    def _is_ignored(self, bare: Failure, exception: BaseException | None) -> bool:
        try:
            return self.settings.ignores(bare, exception)
        except Exception:
            # What cannot tell that a failure is to be ignored does not ignore it.
            _complain()
            return False

    def _sample(
        self, bare: Failure, exception: BaseException | None, born: Callable[[], tuple[Place, ...]] | None
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
        born: Callable[[], tuple[Place, ...]] | None,
        short: bool = False,
    ) -> Failure:
        raised = places.raised(exception) if exception is not None else None
        if raised is not None and short:
            raised = dataclasses.replace(raised, traceback=(), text="", cause=None, context=None, exceptions=())
        return dataclasses.replace(bare, exception=raised, born=born() if born is not None else bare.born)

    def change(self, failure: Failure, verdict: Verdict, why: str) -> None:
        """A later verdict on a failure that was reported as unread."""
        if self.is_busy():
            return
        self.busy.active = True
        try:
            raised = failure.exception
            if raised is not None:
                raised = dataclasses.replace(raised, traceback=(), text="", cause=None, context=None, exceptions=())
            with self.lock:
                self.counts["unread"] -= 1
                self.counts["retracted" if verdict == "retracted" else "lost"] += 1
            later = dataclasses.replace(failure, verdict=verdict, why=why, exception=raised)
            if self.settings.listener is not None:
                self.settings.listener.hear(later, None)
                return
            self.kept.append(later)
            self._emit(later, None)
        except Exception:
            _complain()
        finally:
            self.busy.active = False

    def recount(self, verdict: Verdict) -> None:
        """The same, for a failure that was counted and not shown."""
        with self.lock:
            self.counts["unread"] -= 1
            self.counts["retracted" if verdict == "retracted" else "lost"] += 1

    def flush(self, at_end: bool = False) -> None:
        """Tells what storms have held back."""
        try:
            with self.lock:
                due = self.storm.due(at_end)
            for failure in due:
                self.kept.append(failure)
                self._emit(failure, None)
        except Exception:
            _complain()

    def _emit(self, failure: Failure, level: int | None) -> None:
        if self.journal is not None:
            try:
                self.journal.write(failure)
            except OSError as error:
                # The report goes on where it can: a full disk must not hide it.
                _warn(f"heard: cannot write the record to {self.journal.target}: {error.strerror}")
        if self.settings.report is not None:
            self.settings.report(failure)
            return
        if level is None:
            level = level_of(failure.event, failure.verdict)
        if level < logging.INFO:
            # It is counted, and the journal has it.
            return
        if logger.hasHandlers():
            logger.log(level, "%s", block(failure), extra={"failure": failure})
        elif logger.isEnabledFor(level) or level == logging.INFO and logger.level == logging.NOTSET:
            # Logging is not configured: asyncio's own messages would go to standard error as well.
            stream = sys.stderr
            if stream is not None:
                stream.write(block(failure) + "\n")
                stream.flush()

    def after_fork_in_child(self) -> None:
        # Another thread of the parent may have held it, and does not run here.
        self.lock = threading.RLock()
        if self.journal is not None:
            self.journal.lock = threading.Lock()

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()


def _warn(message: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(message + "\n")


def _complain() -> None:
    """A defect of our own, or of a handler: said as logging says such things, and only where it would."""
    if logging.raiseExceptions and sys.stderr is not None:
        import traceback

        try:
            sys.stderr.write("heard: a report failed\n")
            traceback.print_exc()
        except Exception:
            pass
