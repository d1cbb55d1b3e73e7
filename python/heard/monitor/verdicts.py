"""All open cases: who looks at them, when, and what is said."""

from __future__ import annotations

import functools
import itertools
import sys
import threading
import time
import typing
from collections.abc import Callable

from heard import _native
from heard.monitor import clock, flow, holding, loop_handlers, places
from heard.monitor.case import TOLD, Case, State, attach, case_of, detach, is_failure
from heard.monitor.hooks.births import is_skipped
from heard.monitor.threads import known_threads
from heard.report.events import rule_of
from heard.report.reporter import Reporter
from heard.settings import Settings

if typing.TYPE_CHECKING:
    from heard.record import Failure

#: Failures that may be waiting for their verdict. Those beyond are reported at once, as unread.
_MOST_HELD = 10_000
#: Where a case is that is held; what is held and has come further is let go by and by.
_HELD = (State.GRACE, State.UNREAD)
#: A search for holders may take up one part in so many of the time, but there may be one a second.
_SEARCH_SHARE = 50
_SEARCH_WAIT = 1.0
#: Seconds within which a task that is collected speaks.
_LAST_WORDS = 0.1
#: Functions of asyncio and of executors in which a future of a thread is made, and then handed to a loop.
_HAND_OVER = frozenset({"run_in_executor", "submit", "wrap_future", "_chain_future"})
#: Frames of a thread that are looked through for one that reads a future.
_MOST_FRAMES = 20


class Verdicts:
    """Every failure without a last word."""

    def __init__(self, settings: Settings, reporter: Reporter) -> None:
        self.settings = settings
        self.reporter = reporter
        self.clock = clock.current()
        #: Cases in grace, and those that were reported as unread.
        self.held: dict[int, Case] = {}
        self.numbers = itertools.count()
        self.next_search = 0.0
        self.searched = False
        #: Gives the tasks of a loop whose variables may hold something.
        self.tasks_of: Callable[[typing.Any], list[typing.Any]] = lambda future: []
        #: What else the clock calls; each says in how many seconds it wants to be called again.
        self.others: list[Callable[[], float | None]] = []

    def go_on(self, settings: Settings, reporter: Reporter) -> None:
        """What is open stays open under other settings."""
        self.settings, self.reporter = settings, reporter
        self.others.clear()
        for case in list(self.held.values()):
            if case.state is State.UNREAD:
                case.due = case.since + settings.escalate
            elif not case.is_first:
                case.due = case.since + settings.grace

    def open(self, case: Case, future: typing.Any) -> Case:
        """Begins a case, unless the future has one."""
        known = case_of(future)
        if known is not None:
            return known
        attach(future, case)
        return case

    def judge(self, case: Case) -> None:
        """The first look, when those who waited have had their turn."""
        future = case.reference()
        if future is None or case.is_read(future):
            self.heard(case)
            return
        if case.state is not State.TURNS:
            return
        if any(gathering is not None and not gathering.done() for gathering in (one() for one in case.gatherings)):
            case.become(State.GATHERED)
            return
        case.know(future)
        del future
        found, holder = self.search(case)
        if found == "waits":
            case.become(State.GATHERED)
        elif found in ("none", "dead"):
            self.lose(case, found, holder)
        elif found == "later":
            self.hold(case, 0.0)
        else:
            # If it was too early for a search, there is one as soon as may be.
            wait = self.next_search - self.clock.now()
            self.hold(case, wait if not self.searched and wait < self.settings.grace else None)

    def search(self, case: Case) -> tuple[str, str | None]:
        """Who holds it, as `holding.holders` says it; if a search would be too early, only whether anybody does."""
        self.searched = self.clock.now() >= self.next_search
        if not self.searched:
            return holding.holders(case.reference, None)
        # Its own time: on a busy machine a search must not look dearer, and so put off the next, than it is.
        started = time.thread_time()
        found = holding.holders(case.reference, lambda: self.tasks_of(case.reference()))
        wait = (time.thread_time() - started) * _SEARCH_SHARE
        if wait > 0.1:
            self.next_search = self.clock.now() + min(wait, _SEARCH_WAIT)
        return found

    def hold(self, case: Case, first_look: float | None = None) -> None:
        """Waits for somebody to read it: to the end of the grace period, with a look before that if so asked."""
        if len(self.held) >= _MOST_HELD:
            if case.question is not None:
                self.undecided(case)
            else:
                self.unread(case, None)
            return
        if not case.become(State.GRACE):
            return
        seconds = self.settings.grace if first_look is None else first_look
        case.since = self.clock.now()
        case.due = case.since + seconds
        case.is_first = first_look is not None
        self.held[next(self.numbers)] = case
        self.wake_in(seconds)

    def wake_in(self, seconds: float) -> None:
        self.clock.wake_in(seconds, self.wake)

    def heard(self, case: Case) -> None:
        """Somebody has read it."""
        was = case.state
        if not case.become(State.RETRACTED if was is State.UNREAD else State.HEARD):
            return
        future = case.reference()
        if future is not None:
            detach(future)
        if was is State.UNREAD:
            self.change(case, "it was read after all")

    def undecided(self, case: Case) -> None:
        """Somebody holds it, and nothing would tell whether he reads it."""
        if case.become(State.UNDECIDED):
            self.reporter.undecided()
            future = case.reference()
            if future is not None:
                if case.is_silent and future._log_traceback:
                    future._log_traceback = False

    def reconsider(self, future: typing.Any) -> None:
        """Somebody takes what nothing seemed to tell of: it is judged anew, in a case of its own."""
        case = case_of(future)
        if case is not None and case.state is State.UNDECIDED:
            self.reporter.decided()
            detach(future)

    def ask(self, case: Case, question: Callable[[], None]) -> None:
        """Has a question asked when the code that answers it has been analysed, beside the program."""
        case.question = question
        self.hold(case, 0.0)

    def answer(self) -> None:
        """Asks all open questions at once: the program ends."""
        flow.analyse_wanted()
        for case in list(self.held.values()):
            self.put_question(case)

    def put_question(self, case: Case) -> bool:
        """Asks what becomes of a case. False if nothing is to be asked."""
        question, case.question = case.question, None
        if question is None or case.state is not State.GRACE:
            return False
        question()
        return True

    def read(self, future: typing.Any) -> None:
        """Somebody reads a future that does not keep book of that itself."""
        case = case_of(future)
        if case is not None:
            self.heard(case)

    def marked_as_read(self, future: typing.Any) -> None:
        """Its failure was handed to somebody who uses it, so asyncio need not speak of it."""
        case = case_of(future)
        if getattr(future, "_log_traceback", False):
            future._log_traceback = False
        if case is not None:
            self.heard(case)

    def change(self, case: Case, why: str) -> None:
        """Another verdict on what was reported as unread."""
        if not case.change(why):
            return
        verdict: typing.Literal["retracted", "escalated"] = (
            "retracted" if case.state is State.RETRACTED else "escalated"
        )
        if case.failure is not None:
            self.reporter.change(case.failure, verdict, why)
        else:
            self.reporter.recount(verdict)

    def never_retrieved(self, future: typing.Any, exception: BaseException | None) -> Case:
        """A future ends, and nobody has read its failure. Returns its case, which has been told by then."""
        case = case_of(future)
        if case is None:
            site = getattr(future, "heard_site", 0) or _native.birth(future)
            case = self.open(Case("task-failed", future, site), future)
        if case.state is State.UNREAD:
            if case.become(State.ESCALATED):
                self.change(case, "nobody holds it any more, and nobody has read it")
        elif case.become(State.LOST):
            case.know(future)
            self.tell_lost(case, exception, "none", None)
        return case

    def lose(self, case: Case, found: str, holder: str | None) -> None:
        """Nobody can read it any more."""
        future = case.reference()
        exception = case.exception
        if exception is None and future is not None:
            exception = future._exception
        if not case.become(State.LOST):
            return
        if future is not None and case.loop is None:
            case.know(future)
        self.tell_lost(case, exception, found, holder)
        if future is not None:
            self.hush(case, future)

    def hush(self, case: Case, future: typing.Any) -> None:
        """asyncio need not repeat it, unless a handler of the program's waits for that."""
        if not case.is_silent and not self.reporter.speaks():
            return
        if not case.is_thread and getattr(future, "_log_traceback", False):
            if case.is_silent or not loop_handlers.handles_itself(future.get_loop()):
                future._log_traceback = False

    def has_told(self, future: typing.Any) -> bool:
        case = case_of(future)
        return case is not None and case.state in TOLD

    def tell_lost(self, case: Case, exception: BaseException | None, found: str, holder: str | None) -> None:
        if case.why is not None:
            why = case.why
        elif holder is not None:
            why = f"{holder} holds it, and nothing reads that any more"
        else:
            why = "nobody holds it any more, and nobody has read it"
        self.tell(case, "lost", exception, found, holder, why)

    def tell(
        self,
        case: Case,
        verdict: typing.Literal["lost", "unread"],
        exception: BaseException | None,
        found: str,
        holder: str | None,
        why: str,
        then: Callable[[Failure | None], None] | None = None,
    ) -> None:
        self.reporter.tell(
            case.event,
            rule_of(case.event, found),
            verdict,
            exception,
            key=case.site,
            born=functools.partial(places.born, case.site),
            holder=holder,
            why=why,
            then=then,
            **case.fields(),
        )

    def unread(self, case: Case, holder: str | None) -> None:
        future = case.reference()
        if future is None:
            return
        exception = case.exception if case.exception is not None else future._exception
        if not case.become(State.UNREAD):
            return
        case.due = case.since + self.settings.escalate
        # From here on it is only asked whether it was read.
        case.exception = None
        why = f"{holder or 'somebody'} holds it, and has not read it for {self.settings.grace:g} s"
        self.tell(case, "unread", exception, "live", holder, why, then=functools.partial(self.told, case))

    def told(self, case: Case, failure: Failure | None) -> None:
        """The record of an unread failure is out."""
        meanwhile = case.tell(failure)
        if meanwhile is not None:
            self.change(case, meanwhile)

    def wake(self) -> float | None:
        """Looks at all that is held. Called by the clock; says when to call again."""
        known = threading.get_ident() in known_threads()
        try:
            flow.analyse_wanted()
            now = self.clock.now()
            for number, case in list(self.held.items()):
                self.review(case, now)
                if case.state not in _HELD:
                    self.held.pop(number, None)
            self.reporter.flush()
            return self.next_wake(self.clock.now())
        finally:
            if not known:
                # logging asks for the current thread, and Python then lists one for us.
                known_threads().pop(threading.get_ident(), None)

    def open_numbers(self) -> set[int]:
        """The numbers of what is held and nobody has read by now."""
        held = list(self.held.items())
        return {number for number, case in held if case.state in _HELD and not case.is_read_by_now()}

    def look_again(self) -> None:
        """A look at all that is in grace, before its time: who cannot be read any more is lost now."""
        for case in list(self.held.values()):
            future = case.reference()
            if future is None or case.gone:
                if case.is_thread:
                    # The others say so themselves.
                    self.end(case)
            elif case.is_read(future):
                self.heard(case)
            elif case.state is State.GRACE and not self.put_question(case):
                del future
                self.prove(case)

    def prove(self, case: Case) -> None:
        """A search that waits for nothing: says that a failure is lost if that is so."""
        self.next_search = 0.0
        found, holder = self.search(case)
        if found in ("none", "dead"):
            self.lose(case, found, holder)

    def next_wake(self, now: float) -> float | None:
        waits = [1.0] if self.reporter.storm.pending() else []
        waits += [wait for wait in (other() for other in self.others) if wait is not None]
        for case in list(self.held.values()):
            if case.state is State.UNREAD:
                # Nobody tells us when a task is read. The longer it has not been, the less urgent it is.
                waits.append(min(max((now - case.since) / 4, 0.2), 5.0))
            else:
                waits.append(max(case.due - now, 0.001))
        return min(waits, default=None)

    def review(self, case: Case, now: float) -> None:
        """What has become of one that is held."""
        future = case.reference()
        if future is None or case.gone:
            if not case.is_thread and not case.is_over:
                # The collector clears weak references before it lets a task speak, and may be at it in another thread.
                case.is_over, case.due = True, now + _LAST_WORDS
            elif case.is_thread or now >= case.due:
                self.end(case)
        elif case.is_read(future):
            self.heard(case)
        elif now < case.due:
            return
        elif case.state is State.UNREAD:
            self.escalate(case, future, f"nobody has read it for {self.settings.escalate:g} s")
        elif case.state is State.GRACE:
            del future
            self.decide(case, now)

    def end(self, case: Case) -> None:
        """The future of a case is gone."""
        if not case.is_thread:
            # It would have said so itself if nobody had read it.
            self.heard(case)
        elif case.state is State.UNREAD:
            if case.become(State.ESCALATED):
                self.change(case, "nobody holds it any more, and nobody has read it")
        else:
            self.lose(case, "none", None)

    def decide(self, case: Case, now: float) -> None:
        """Time is up for one in grace, or it is time for a first look."""
        if self.put_question(case):
            return
        found, holder = self.search(case)
        if found in ("none", "dead"):
            self.lose(case, found, holder)
            return
        over = case.since + self.settings.grace
        if found == "waits":
            case.become(State.GATHERED)
        elif case.is_first:
            case.is_first = not self.searched and self.next_search < over
            case.due = max(self.next_search, now + 0.01) if case.is_first else over
        elif case.is_thread and _is_being_read(case.reference()):
            # The thread that waits for it has not come round so far.
            case.due = now + self.settings.grace
        else:
            self.unread(case, holder)

    def escalate(self, case: Case, future: typing.Any, why: str) -> None:
        if case.become(State.ESCALATED):
            self.change(case, why)
            self.hush(case, future)

    def settle(self, why: str, stages: frozenset[str] | None = None) -> None:
        """The last word on all that is held, or on what belongs to some parts of a test run: nobody will read it."""
        for number, case in list(self.held.items()):
            if stages is not None and case.stage not in stages:
                continue
            self.held.pop(number, None)
            future = case.reference()
            if future is None or case.gone:
                self.end(case)
            elif case.is_read(future):
                self.heard(case)
            elif case.state is State.UNREAD:
                self.escalate(case, future, why)
            else:
                case.why = case.why or why
                self.lose(case, "dead", None)

    def unheard_of(self, task: typing.Any) -> None:
        """A task that has failed, and of which nothing has told, when the program ends."""
        if not is_failure(task._exception):
            return
        case = self.open(Case("task-failed", task, _native.birth(task)), task)
        if case.state in (State.TURNS, State.GATHERED) and case.become(State.TURNS):
            case.know(task)
            self.hold(case)

    def forget(self, future: typing.Any) -> None:
        """Its failure is somebody else's to report. It keeps a case that is closed, so that none is opened."""
        case = self.open(Case("task-failed", future, 0), future)
        case.become(State.RETRACTED if case.state is State.UNREAD else State.HEARD)
        if case.is_silent and future._log_traceback:
            future._log_traceback = False


def _is_being_read(future: typing.Any) -> bool:
    """Whether a thread waits in a method of the future, or is about to hand it to a loop: work may fail before who asks for
    it has got its future, however busy the machine is."""
    for frame in list(sys._current_frames().values()):
        for _ in range(_MOST_FRAMES):
            name = frame.f_code.co_name
            if name in ("result", "exception", "add_done_callback") and frame.f_locals.get("self") is future:
                return True
            if name in _HAND_OVER and is_skipped(frame.f_code.co_filename):
                return True
            if frame.f_back is None:
                break
            frame = frame.f_back
    return False
