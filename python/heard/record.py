"""The record of an event: plain data, which keeps nothing of the program alive."""

from __future__ import annotations

import dataclasses
import os
import time
import typing

from heard.monitor.threads import thread_name

Event = typing.Literal[
    "task-failed",
    "sibling-failed",
    "outcomes-ignored",
    "coroutine-never-awaited",
    "task-pending-at-exit",
    "task-destroyed",
    "thread-future-failed",
    "callback-raised",
    "loop-told",
    "task-swallowed-cancel",
    "spawn-failed",
    "child-failed",
    "contained-failed",
    "service-failed",
    "outcome-unread",
]
Verdict = typing.Literal["lost", "unread", "escalated", "retracted"]


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A line of the program."""

    #: The file, as Python names it.
    path: str
    #: From 1.
    line: int
    #: The name of the function.
    function: str


@dataclasses.dataclass(frozen=True, slots=True)
class Raised:
    """An exception, as text."""

    #: The name of its class, with its module unless that is `builtins` or `__main__`.
    type: str
    #: What it says, as in the last line of its traceback.
    message: str
    #: Where it was raised, the outermost frame first. Empty in later records, and in one that stands for many.
    traceback: tuple[Place, ...]
    #: What it was raised from.
    cause: Raised | None = None
    #: What was being handled when it was raised.
    context: Raised | None = None
    #: Those of an exception group.
    exceptions: tuple[Raised, ...] = ()
    #: The lines that Python prints for it, with what it was caused by. Not in the JSON.
    text: str = ""

    def as_dict(self) -> dict[str, typing.Any]:
        return {
            "type": self.type,
            "message": self.message,
            "traceback": [dataclasses.asdict(place) for place in self.traceback],
            "cause": self.cause and self.cause.as_dict(),
            "context": self.context and self.context.as_dict(),
            "exceptions": [one.as_dict() for one in self.exceptions],
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong, and that nobody heard so far.

    A later record about the same failure has the same `id`, and no traceback.
    """

    #: What has happened.
    event: Event
    #: The rule whose page explains it: `heard rule NAME`. Empty where a primitive has heard the failure.
    rule: str
    #: Whether anybody can still hear it. `None` where somebody has heard it and passes it on.
    verdict: Verdict | None
    #: No other failure of any process has it; later records about this one have the same.
    id: str
    #: Seconds since 1970.
    time: float
    #: The name of the task.
    task: str | None = None
    #: The qualified name of the coroutine.
    coroutine: str | None = None
    #: The failure itself. `None` where there is none, as of a coroutine that was never awaited.
    exception: Raised | None = None
    #: Where the task, future or coroutine was made, the innermost frame first.
    born: tuple[Place, ...] = ()
    #: Who holds it, or held it.
    holder: str | None = None
    #: Who waited for it. Nothing fills it so far.
    waiters: tuple[str, ...] = ()
    #: The number of the process.
    process: int = dataclasses.field(default_factory=os.getpid)
    #: The name of the thread in which the record was made.
    thread: str = dataclasses.field(default_factory=thread_name)
    #: The class of the event loop, and its address.
    loop: str | None = None
    #: The test in which the task was born, and the part of it, under the pytest plugin.
    test: str | None = None
    #: Why nobody hears it, in a sentence.
    why: str = ""
    #: How many more like it this record stands for.
    repeated: int = 0
    #: The W3C trace context in which it failed, where the program uses OpenTelemetry.
    traceparent: str | None = None

    def as_dict(self) -> dict[str, typing.Any]:
        """What is written as a line of JSON."""
        return {
            "v": 1,
            "event": self.event,
            "rule": self.rule,
            "verdict": self.verdict,
            "id": self.id,
            "time": self.time,
            "task": self.task,
            "coroutine": self.coroutine,
            "exception": self.exception and self.exception.as_dict(),
            "born": [dataclasses.asdict(place) for place in self.born],
            "holder": self.holder,
            "waiters": list(self.waiters),
            "process": self.process,
            "thread": self.thread,
            "loop": self.loop,
            "test": self.test,
            "why": self.why,
            "repeated": self.repeated,
            "traceparent": self.traceparent,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Stats:
    """How many there were since `install`."""

    #: Failures that nobody can hear any more; escalated ones included.
    lost: int = 0
    #: Failures that were reported as unread and that nobody has read since.
    unread: int = 0
    #: Reports that were taken back, since the failure was read after all.
    retracted: int = 0
    #: Coroutines that were never awaited.
    never_awaited: int = 0
    #: Tasks that were cancelled since their loop ended, or collected before their end.
    unfinished: int = 0
    #: Callbacks and finalisers that raised.
    callbacks: int = 0
    #: Tasks that went on after they had been cancelled.
    swallowed: int = 0
    #: What `ignore` kept quiet.
    ignored: int = 0
    #: Failures that `spawn`, `contained`, a `Group` or `supervise` has heard and told, or that the program has told its
    #: event loop of.
    told: int = 0
    #: Failures that somebody holds, and of which nothing tells whether he reads them: nothing was said.
    undecided: int = 0


_numbers = iter(range(1, 1 << 62))


def new_id() -> str:
    """An identifier that no other failure of any process has."""
    return f"{os.getpid():x}-{_STARTED:x}-{next(_numbers):x}"


_STARTED = time.time_ns() & 0xFFFFFFFF
