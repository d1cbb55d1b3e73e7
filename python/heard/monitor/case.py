"""One failure, from the instant it is known to the last word on it.

    raised ─▶ TURNS ─▶ GRACE ─▶ UNREAD ─▶ ESCALATED
              │  ▲  ╲    │  ╲      └────▶ RETRACTED
              ▼  │   ╲───┴───╲──▶ LOST
           GATHERED   ╲───────╲─▶ HEARD, UNDECIDED

A case keeps nothing of the program alive, and is found through its future: no address is looked up, so no other object
can ever be taken for it.
"""

from __future__ import annotations

import asyncio
import enum
import threading
import typing
import weakref

from heard.monitor import places, stages, traces
from heard.monitor.threads import thread_name

if typing.TYPE_CHECKING:
    from collections.abc import Callable

    from heard.record import Event, Failure


#: They end the loop, or are not failures.
NOT_FAILURES = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)


def is_failure(exception: object) -> bool:
    """Whether it is a failure, by its class alone: what an exception says of its class is code of the program's."""
    return exception is not None and not issubclass(type(exception), NOT_FAILURES)


class State(enum.Enum):
    """Where a failure is on its way. The first four are open, the others are the last word."""

    #: The loop turns, so that whoever waits for it can read it.
    TURNS = "turns"
    #: A `gather` that is not done will hand it to somebody, or drop it, and says so then.
    GATHERED = "gathered"
    #: Somebody holds it and may read it: for a while nothing is said.
    GRACE = "grace"
    #: It was reported as unread.
    UNREAD = "unread"
    #: It was read, and nothing was said.
    HEARD = "heard"
    #: Somebody holds it, and nothing would tell whether he reads it: nothing was said, and it is counted.
    UNDECIDED = "undecided"
    #: It was reported: nobody can read it any more.
    LOST = "lost"
    #: It was read after it had been reported as unread.
    RETRACTED = "retracted"
    #: It was reported as unread, and nobody has read it in time.
    ESCALATED = "escalated"


_WAYS = {
    State.TURNS: {State.TURNS, State.GATHERED, State.GRACE, State.UNREAD, State.HEARD, State.UNDECIDED, State.LOST},
    State.GATHERED: {State.TURNS, State.HEARD, State.LOST},
    State.GRACE: {State.TURNS, State.GATHERED, State.UNREAD, State.HEARD, State.UNDECIDED, State.LOST},
    State.UNREAD: {State.RETRACTED, State.ESCALATED},
}
#: States in which the last word has been said, and those of them in which a report stands.
CLOSED = frozenset({State.HEARD, State.UNDECIDED, State.LOST, State.RETRACTED, State.ESCALATED})
TOLD = frozenset({State.LOST, State.ESCALATED})
#: Held for an assignment and no longer: a loop's thread and the clock's may come to a verdict at once.
_deciding = threading.RLock()


def after_fork_in_child() -> None:
    """Another thread of the parent may have been deciding, and does not run here."""
    global _deciding
    _deciding = threading.RLock()


class Reference(weakref.ref[typing.Any]):
    """A weak reference of ours: never one of the program's, which Python would otherwise share."""

    __slots__ = ()


class Case:
    """What is known about a failure, and how far its judgement has come."""

    __slots__ = (
        "__weakref__", "coroutine", "due", "event", "exception", "failure", "gatherings", "gone", "is_first", "is_over",
        "is_silent", "is_told", "loop", "meanwhile", "question", "reference", "since", "site", "stage", "state", "task", "thread",
        "traceparent", "why",
    )  # fmt: skip

    def __init__(self, event: Event, future: typing.Any, site: int, exception: BaseException | None = None) -> None:
        self.event: Event = event
        self.state = State.TURNS
        self.site = site
        #: The part of a test run that it belongs to.
        self.stage = stages.of(future)
        self.traceparent = traces.traceparent_of(future)
        #: Kept only where it cannot be asked of the future.
        self.exception = exception
        #: Called, and then not empty, when the future is collected. A list has no code that a signal could interrupt.
        self.gone: list[object] = []
        self.reference = Reference(future, self.gone.append)
        #: The pending `gather`s that will be told of it.
        self.gatherings: tuple[weakref.ref[typing.Any], ...] = ()
        #: Whether plain asyncio would say nothing of it.
        self.is_silent = False
        #: Why nobody can read it, if that is known already.
        self.why: str | None = None
        #: Asks what becomes of it, where the code that tells has to be analysed first.
        self.question: Callable[[], None] | None = None
        self.since = self.due = 0.0
        #: Whether its future was found to be gone, and may still say that nobody has read it.
        self.is_over = False
        #: Whether the next look comes before the end of the grace period.
        self.is_first = False
        #: The record that reported it as unread; none if it was one of many, or is not out yet.
        self.failure: Failure | None = None
        self.is_told = False
        #: Why the verdict has changed, if it did before the record was out.
        self.meanwhile: str | None = None
        self.thread = thread_name()
        self.task: str | None = None
        self.coroutine: str | None = None
        self.loop: str | None = None

    def know(self, future: typing.Any) -> None:
        """Notes what its future is called, when there is something to say: names may be given late."""
        self.thread = thread_name()
        if asyncio.isfuture(future):
            loop = future.get_loop()
            self.loop = f"{type(loop).__name__} {id(loop):#x}"
            name_of = getattr(future, "get_name", None)
            if name_of is not None:
                self.task = name_of()
                # `get_coro` crashes CPython 3.12.1 when the task was eager; the attribute does not.
                # Nor does the attribute with the exception count as reading it.
                error = getattr(future, "_exception", None)
                self.coroutine = places.coroutine_name(getattr(future, "_coro", None), error) or self.coroutine
            elif type(future).__name__ == "_GatheringFuture":
                self.coroutine = "gather"

    @property
    def is_thread(self) -> bool:
        """Whether it is a future of another thread, which does not say by itself that nobody has read it."""
        return self.event == "thread-future-failed"

    def become(self, state: State) -> bool:
        """Goes on to another state, if that is where its way leads. False if somebody else was quicker."""
        with _deciding:
            if state not in _WAYS.get(self.state, ()):
                return False
            self.state = state
        if state in CLOSED:
            self.exception = self.question = None
        return True

    def tell(self, failure: Failure | None) -> str | None:
        """Its record is out: this one, or none of its own. Returns why the verdict has changed meanwhile, if it has: a
        thread may read it while another one reports it."""
        with _deciding:
            self.failure, self.is_told = failure, True
            return self.meanwhile

    def change(self, why: str) -> bool:
        """Its verdict has changed. False if its record is not out: then `tell` will say so."""
        with _deciding:
            self.meanwhile = why
            return self.is_told

    def is_read(self, future: typing.Any) -> bool:
        """Whether somebody has read it; of the futures of threads, their methods tell."""
        return not self.is_thread and not future._log_traceback

    def is_read_by_now(self) -> bool:
        """The same of its future, if that is there; one that is gone is told of elsewhere."""
        future = self.reference()
        return future is not None and self.is_read(future)

    def fields(self, future: typing.Any = None) -> dict[str, typing.Any]:
        """What a record says of it; `future` is given where it has not been noted."""
        if future is not None:
            self.know(future)
        return {
            "task": self.task,
            "coroutine": self.coroutine,
            "loop": self.loop,
            "thread": self.thread,
            "test": self.stage,
            "traceparent": self.traceparent,
        }


def attach(future: typing.Any, case: Case) -> None:
    """Makes a case known to its future."""
    try:
        future._heard_case = case
    except AttributeError:
        # It has no room for attributes. It is judged as the others are, and cannot be found again before that.
        return


def case_of(future: typing.Any) -> Case | None:
    """The case of this very future, open or not."""
    case = getattr(future, "_heard_case", None)
    return case if isinstance(case, Case) else None


def detach(future: typing.Any) -> None:
    """Takes the case off a future: there is nothing to say of it."""
    try:
        del future._heard_case
    except AttributeError:
        return
