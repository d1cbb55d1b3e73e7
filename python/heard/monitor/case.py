"""The judgement on a failure: heard, lost, or unread so far.

Nothing here keeps a task alive: it is known by a weak reference and its address, so a task that nobody else holds ends
when it always did, and says so itself.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
import typing
import weakref
from collections.abc import Callable

from heard import _native
from heard.monitor import places
from heard.monitor.liveness import dead_name
from heard.record import Event, Failure, known_threads, thread_name
from heard.report.reporter import Reporter
from heard.settings import Settings

#: Failures that may be waiting for their verdict. Those beyond are reported at once, as unread.
_MOST_HELD = 10_000
#: A search for holders visits every object and cannot be interrupted: it may take up one part in so many of the time,
#: but there may be one a second.
_SEARCH_SHARE = 50
_SEARCH_WAIT = 1.0
#: Seconds within which a task that is collected speaks.
_LAST_WORDS = 0.1
_PAGES = {
    "sibling-failed": "lost-sibling-failure",
    "thread-future-failed": "unread-thread-future",
}
_TASK_PAGES = {"none": "dropped-task", "dead": "unread-task", "live": "late-task"}


class Facts:
    """What is known about a failure when it happens."""

    __slots__ = ("__weakref__", "coroutine", "event", "exception", "loop", "site", "task", "thread")

    def __init__(self, event: Event, future: typing.Any, site: int, exception: BaseException | None = None) -> None:
        self.event: Event = event
        self.site = site
        #: Kept only where it cannot be asked of the future.
        self.exception = exception
        self.thread = thread_name()
        self.task: str | None = None
        self.coroutine: str | None = None
        self.loop: str | None = None
        if asyncio.isfuture(future):
            loop = future.get_loop()
            self.loop = f"{type(loop).__name__} {id(loop):#x}"
            name_of = getattr(future, "get_name", None)
            if name_of is not None:
                self.task = name_of()
                # `get_coro` crashes CPython 3.12.1 when the task was eager; the attribute does not.
                # Nor does the attribute with the exception count as reading it.
                error = getattr(future, "_exception", None)
                self.coroutine = places.coroutine_name(getattr(future, "_coro", None), error)
            elif type(future).__name__ == "_GatheringFuture":
                self.coroutine = "gather"

    def as_fields(self) -> dict[str, typing.Any]:
        return {"task": self.task, "coroutine": self.coroutine, "loop": self.loop, "thread": self.thread}


class Held:
    """A failure that somebody may still read."""

    __slots__ = ("counted", "due", "facts", "failure", "gone", "graced", "reference", "since")

    def __init__(self, future: typing.Any, facts: Facts, seconds: float, graced: bool) -> None:
        self.facts = facts
        self.since = time.monotonic()
        self.due = self.since + seconds
        #: Whether its grace period is over when it is due.
        self.graced = graced
        #: Whether it was reported as unread, and with which record: none if it was one of many.
        self.counted = False
        self.failure: Failure | None = None
        self.gone = False
        self.reference = weakref.ref(future, self.forget)

    def forget(self, _: object) -> None:
        # A task that goes unread says so right after this, or has said so right before.
        self.gone = True


class Told:
    """A task whose failure has been reported, and that may still say so itself."""

    __slots__ = ("gone", "reference")

    def __init__(self, future: typing.Any) -> None:
        self.gone: float | None = None
        self.reference = weakref.ref(future, self.forget)

    def forget(self, _: object) -> None:
        self.gone = time.monotonic()

    def holds(self, future: typing.Any) -> bool:
        """Whether it is about this task, and not about one that had the same address. The garbage collector clears
        weak references right before it lets the task speak."""
        return self.reference() is future or self.gone is not None and time.monotonic() - self.gone < _LAST_WORDS


class Verdicts:
    """All failures without a final verdict."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self.settings = settings
        self.reporter = reporter
        self.held: dict[int, Held] = {}
        #: Tasks whose loss was reported, and whose own message goes to a handler of the program's.
        self.told: dict[int, Told] = {}
        self.next_search = 0.0
        self.searched = False
        #: What else the clock calls; each says in how many seconds it wants to be called again.
        self.others: list[Callable[[], float | None]] = []

    def judge(self, reference: weakref.ref[typing.Any], facts: Facts) -> None:
        """The first look at a failure, when those who waited for it have had their turn."""
        kind, holder = self.look(reference, facts)
        if kind == "live":
            # If it was too early for a search, there is one as soon as may be.
            wait = self.next_search - time.monotonic()
            self.hold(reference, facts, wait if not self.searched and wait < self.settings.grace else None)
        else:
            self.lose(reference, facts, kind, holder)

    def look(self, reference: weakref.ref[typing.Any], facts: Facts) -> tuple[str, str | None]:
        """Who holds it: "none", "dead" (a variable that is not read any more), or "live"."""
        search = time.monotonic() >= self.next_search
        started = time.perf_counter()
        try:
            found = _native.holders(reference, [facts], search, dead_name)
        except Exception:
            # A type of the program's broke the search, for example by an `__eq__` or a `__class__` that raises.
            found = ("live", None)
        self.searched = search
        if search:
            wait = (time.perf_counter() - started) * _SEARCH_SHARE
            self.next_search = time.monotonic() + min(wait, _SEARCH_WAIT)
        return found

    def hold(self, reference: weakref.ref[typing.Any], facts: Facts, first_look: float | None = None) -> None:
        """Waits for somebody to read it: to the end of the grace period, with a look before that if so asked."""
        future = reference()
        if future is None:
            return
        key = id(future)
        self.settle(key)
        if len(self.held) >= _MOST_HELD:
            self.unread(future, facts, None)
            return
        seconds = self.settings.grace if first_look is None else first_look
        self.held[key] = Held(future, facts, seconds, graced=first_look is None)
        self.wake_in(seconds)

    def wake_in(self, seconds: float) -> None:
        _native.wake_in(seconds, self.wake)

    def settle(self, key: int) -> None:
        """What was held under this address is gone: the address has been used anew."""
        entry = self.held.pop(key, None)
        if entry is not None:
            self.end(entry, read=True)

    def end(self, entry: Held, read: bool) -> None:
        """The final verdict on a failure that was held."""
        if entry.facts.event == "thread-future-failed" and not read and not entry.counted:
            self.tell_lost(entry.facts, None, "none", None)
        elif entry.failure is not None:
            why = "it was read after all" if read else "nobody holds it any more, and nobody has read it"
            self.reporter.change(entry.failure, "retracted" if read else "escalated", why)
        elif entry.counted:
            self.reporter.recount("retracted" if read else "escalated")

    def read(self, future: typing.Any) -> None:
        """Somebody reads the outcome of a future that does not keep book of that itself."""
        self.settle(id(future))

    def never_retrieved(self, future: typing.Any, exception: BaseException | None) -> bool:
        """A future ends, and nobody has read its failure. Whether that has been reported, now or earlier."""
        key = id(future)
        told = self.told.pop(key, None)
        if told is not None and told.holds(future):
            return True
        entry = self.held.pop(key, None)
        if entry is not None and entry.counted:
            self.end(entry, read=False)
            return True
        if entry is not None:
            facts = entry.facts
        else:
            facts = Facts("task-failed", future, getattr(future, "heard_site", 0) or _native.birth(future))
        self.tell_lost(facts, exception, "none", None)
        return True

    def lose(self, reference: weakref.ref[typing.Any], facts: Facts, kind: str, holder: str | None) -> None:
        """Nobody can read it any more."""
        future = reference()
        exception = facts.exception if facts.exception is not None or future is None else future._exception
        self.tell_lost(facts, exception, kind, holder)
        if future is not None:
            self.hush(future)

    def hush(self, future: typing.Any) -> None:
        """asyncio need not repeat it, unless a handler of the program's waits for that."""
        if not getattr(future, "_log_traceback", False) or not self.reporter.speaks():
            return
        if handles_itself(future.get_loop()):
            self.tell_no_more(future)
        else:
            future._log_traceback = False

    def tell_no_more(self, future: typing.Any) -> None:
        """Its failure has been reported, or is somebody else's to report."""
        self.told[id(future)] = Told(future)

    def has_told(self, future: typing.Any) -> bool:
        told = self.told.get(id(future))
        return told is not None and told.reference() is future

    def tell_lost(self, facts: Facts, exception: BaseException | None, kind: str, holder: str | None) -> None:
        if holder is not None:
            why = f"{holder} holds it, and nothing reads that any more"
        elif facts.event == "sibling-failed":
            why = "the gather that waited for it has raised or was cancelled, and nobody else holds it"
        else:
            why = "nobody holds it any more, and nobody has read it"
        self.reporter.tell(
            facts.event,
            _PAGES.get(facts.event) or _TASK_PAGES[kind],
            "lost",
            facts.exception if exception is None else exception,
            key=facts.site,
            born=functools.partial(places.born, facts.site),
            holder=holder,
            why=why,
            **facts.as_fields(),
        )

    def unread(self, future: typing.Any, facts: Facts, holder: str | None) -> Failure | None:
        seconds = f"{self.settings.grace:g} s"
        return self.reporter.tell(
            facts.event,
            _PAGES.get(facts.event) or _TASK_PAGES["live"],
            "unread",
            facts.exception if facts.exception is not None else future._exception,
            key=facts.site,
            born=functools.partial(places.born, facts.site),
            holder=holder,
            why=f"{holder or 'somebody'} holds it, and has not read it for {seconds}",
            **facts.as_fields(),
        )

    def wake(self) -> float | None:
        """Looks at all that is held. Called by the clock; says when to call again."""
        known = threading.get_ident() in known_threads()
        try:
            now = time.monotonic()
            for key, entry in list(self.held.items()):
                self.review(key, entry, now)
            for key, told in list(self.told.items()):
                if told.gone is not None and now - told.gone > _LAST_WORDS:
                    self.told.pop(key, None)
            self.reporter.flush()
            return self.next_wake(time.monotonic())
        finally:
            if not known:
                # logging asks for the current thread, and Python then lists one for us.
                known_threads().pop(threading.get_ident(), None)

    def next_wake(self, now: float) -> float | None:
        waits = [1.0] if self.reporter.storm.pending() else []
        waits += [wait for wait in (other() for other in self.others) if wait is not None]
        for entry in list(self.held.values()):
            # Nobody tells us when a task is read. The longer it has not been, the less urgent it is.
            waits.append(min(max((now - entry.since) / 4, 0.2), 5.0) if entry.counted else max(entry.due - now, 0.001))
        return min(waits, default=None)

    def review(self, key: int, entry: Held, now: float) -> None:
        future = entry.reference()
        is_thread = entry.facts.event == "thread-future-failed"
        if future is None or entry.gone:
            if self.held.pop(key, None) is entry:
                self.end(entry, read=not is_thread)
            return
        if not is_thread and not future._log_traceback:
            if self.held.pop(key, None) is entry:
                self.end(entry, read=True)
            return
        if now < entry.due:
            return
        if entry.counted:
            if self.held.pop(key, None) is entry:
                self.escalate(entry, future, f"nobody has read it for {self.settings.escalate:g} s")
            return
        del future
        kind, holder = self.look(entry.reference, entry.facts)
        if kind != "live":
            if self.held.pop(key, None) is entry:
                self.lose(entry.reference, entry.facts, kind, holder)
            return
        future = entry.reference()
        if future is None:
            return
        if not entry.graced:
            # This was a first look, before the end of the grace period.
            over = entry.since + self.settings.grace
            entry.graced = self.searched or self.next_search >= over
            entry.due = over if entry.graced else max(self.next_search, now + 0.01)
            return
        entry.counted = True
        entry.due = entry.since + self.settings.escalate
        entry.failure = self.unread(future, entry.facts, holder)
        # From here on it is only asked whether it was read.
        entry.facts.exception = None

    def escalate(self, entry: Held, future: typing.Any, why: str) -> None:
        if entry.failure is not None:
            self.reporter.change(entry.failure, "escalated", why)
        else:
            self.reporter.recount("escalated")
        if entry.facts.event != "thread-future-failed":
            self.hush(future)

    def unheard_of(self, task: typing.Any) -> None:
        """A task that has failed, and of which nothing has told."""
        if id(task) not in self.held and not self.has_told(task):
            self.hold(weakref.ref(task), Facts("task-failed", task, _native.birth(task)))

    def finish(self) -> None:
        """The program ends: what nobody has read by now is lost."""
        for key, entry in list(self.held.items()):
            self.held.pop(key, None)
            future = entry.reference()
            is_thread = entry.facts.event == "thread-future-failed"
            if future is None or entry.gone or not is_thread and not future._log_traceback:
                self.end(entry, read=not (is_thread and (future is None or entry.gone)))
            elif entry.counted:
                self.escalate(entry, future, "the program has ended, and nobody has read it")
            else:
                exception = entry.facts.exception if entry.facts.exception is not None else future._exception
                self.reporter.tell(
                    entry.facts.event,
                    _PAGES.get(entry.facts.event) or "unread-task",
                    "lost",
                    exception,
                    key=entry.facts.site,
                    born=functools.partial(places.born, entry.facts.site),
                    why="the program has ended, and nobody has read it",
                    **entry.facts.as_fields(),
                )
                if not is_thread:
                    self.hush(future)


def handles_itself(loop: typing.Any) -> bool:
    """Whether the program has set an exception handler for the loop."""
    try:
        return loop.get_exception_handler() is not None
    except Exception:
        return False
