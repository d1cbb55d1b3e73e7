"""What the analyser does not say of the oracle's programs, and why."""

from generator import disturbances, readers
from judge.compare import MISSED, NOISE
from judge.findings import WRONG_STRICT
from judge.undecided import Undecided


def _missed(reason: str, *productions: tuple[str, ...]) -> Undecided:
    return Undecided(productions, MISSED, reason)


def _all(dimension: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{dimension}: {name}" for name in names)


_ENDING = _all("disturbance", *(one.name for one in disturbances.DISTURBANCES if not one.passes))
_READING = _all("reader", *(one.name for one in readers.READING))
_GATHERS = _all(
    "reader", "gather of exceptions", "gather of exceptions under a name", "gather of exceptions, and how many",
    "gather of exceptions that are unpacked",
)  # fmt: skip

UNDECIDED = (
    _missed(
        "it is read unless the strand ends before, and whether that happens is known to the run alone",
        _ENDING,
        _READING,
    ),
    _missed(
        "the loop calls back, and tells its exception handler at once: nobody could read it",
        _all(
            "incident", "call_soon", "call_later", "call_at of a method", "call_soon_threadsafe",
            "a done callback that raises", "a handler of start_server", "data_received", "connection_made",
            "connection_lost",
        ),
    ),
    _missed(
        "what is cancelled and then gathered or waited for is at its end, as the documentation of asyncio does it",
        _all("reader", "the shutdown's cancel and gather")
        + _all("plot", "stop cancels, and waits", "gather of tasks, and the clean-up gathers again and drops"),
    ),
    _missed(
        "it is handed to what may hand it on",
        _all(
            "holder", "an attribute", "a data class", "a list in a dictionary", "a variable and a weak reference",
            "a closure", "a default argument", "a partial", "a queue", "a queue of threads", "a context variable",
            "a generator", "another thread",
        )
        + _all("reader", "a done callback that counts")
        + _all("incident", "a loop in a thread that is not asked"),
    ),
    _missed(
        "what it is called by is a value and no name of a function",
        _all("birth", "a lambda", "a partial", "a decorator"),
    ),
    _missed("what a generator yields is read by whoever goes over it", _all("birth", "a generator of tasks")),
    _missed(
        "a future fails where somebody says so, who knows of it",
        _all("birth", "a future") + _all("incident", "a callback that resolves a future that nobody awaits"),
    ),
    _missed(
        "it fails when it is cancelled, and whoever does that wants no outcome",
        _all("work", "only when it is cancelled") + _all("incident", "work that fails when main has ended"),
    ),
    _missed(
        "a list of outcomes that a function returns belongs to whoever calls it, and not all callers are known",
        _all("plot", "gather of exceptions that are returned and dropped"),
    ),
    _missed(
        "it is a matter of the run which of several tasks fail, and which of them has failed when the first is heard",
        _all(
            "plot", "gather of tasks in a list", "gather in a gather", "gather behind a shield",
            "as_completed, with a handler around", "one await after the other", "the first only",
            "an async generator that is left early",
        ),
    ),
    _missed(
        "a decorator may hear what its function raises, and is not looked into",
        _all("work", "a decorated one"),
    ),
    _missed(
        "another file has a class of this name",
        _all("holder", "an attribute of a global", "a slot") + _all("incident", "a protocol that starts a task"),
    ),
    _missed(
        "what `next` takes out of an `iter` is not followed",
        _all("holder", "a set", "a registry that is never emptied", "a variable and a weak set"),
    ),
    _missed(
        "what is kept with others may be read where the others are",
        _all(
            "holder", "a list", "a comprehension", "a dictionary", "a tuple", "a deque", "a registry with discard",
            "a global list", "a variable and a weak dictionary", "a global", "a slot", "an attribute of a global",
        ),
        _GATHERS,
    ),
    _missed(
        "what a function gives may be read where it is made",
        _all(
            "birth", "a helper", "a helper that takes the coroutine", "a class", "gather", "run_in_executor",
            "run_in_executor of the loop", "run_coroutine_threadsafe and wrap_future", "submit and wrap_future",
        ),
        _GATHERS,
    ),
    _missed("an async helper keeps what it returns, for all that is known", _all("birth", "an async helper")),
    _missed("the manager of an `async with` may hear what its body raises", _all("work", "in an async with")),
    Undecided(
        (_all("holder", "nothing but a callback that reads it"),),
        WRONG_STRICT,
        "what is said is that it may be collected while it runs, which is so",
    ),
    Undecided(
        (_all("plot", "wait for the first failure, and the others are cancelled"),),
        WRONG_STRICT,
        "what is said is that those that are cancelled may fail then, and these do not",
    ),
    Undecided(
        (_all("reader", "wait, and the task itself"),),
        WRONG_STRICT,
        "what is said is that it runs on when the time limit is over, and this one is not",
    ),
    Undecided(
        (
            _all("work", "not at all"),
            _all("birth", "create_task of wait_for", "create_task of a wait_for around a shield"),
        ),
        NOISE,
        "the time limit would be a failure",
    ),
    Undecided(
        (
            _all("work", "not at all"),
            _all("birth", "a partial of the work", "run_coroutine_threadsafe and wrap_future"),
        ),
        NOISE,
        "it is not seen which work runs",
    ),
)  # fmt: skip
