"""The kinds of production that a program is put together from.

Texts are templates: `{work}` is the function that fails, `{noun}` what it is about, `{leaf}` the type of its failure,
`{error}` that of what is raised, which may be a group, `{message}` its text, `{birth}` the expression that starts the
work, and `{held}` the one that leads to it. `§` stands at the end of the line where the work is born.
"""

from __future__ import annotations

import dataclasses

#: What a birth gives: an asyncio task or future, or a future of `concurrent.futures`.
TASK, THREAD = "task", "thread-future"


@dataclasses.dataclass(frozen=True)
class Work:
    """A function that fails, or one that does not."""

    name: str
    #: The whole definition.
    text: str
    #: Whether it is a coroutine function, or a plain one for another thread.
    is_async: bool = True
    #: What the strand does before it can fail.
    release: str = ""
    fails: bool = True
    #: Whether it fails only when somebody cancels it.
    on_cancel: bool = False
    #: Whether it ends by itself.
    ends: bool = True
    #: The type of what it raises, where that is not the type of the failure itself.
    raises: str = ""
    module: str = ""


@dataclasses.dataclass(frozen=True)
class Birth:
    """A way to start work."""

    name: str
    expression: str
    gives: str = TASK
    is_async: bool = True
    #: Definitions that the expression needs.
    module: str = ""
    since: tuple[int, int] = (3, 11)
    #: What a strand does before.
    prepare: str = ""
    #: What a strand awaits until the work has come to its end.
    settle: str = "await let_run()"
    #: Whether it is a task, which has a name and a coroutine.
    is_task: bool = True


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who holds what was started."""

    name: str
    text: str
    #: The expression that leads to it, if any does.
    held: str = ""
    #: Whether that expression can be used once only.
    once: bool = False
    module: str = ""
    #: Whether it reads the failure by itself.
    reads: bool = False
    #: Whether it waits for the end of the work.
    waits: bool = False
    gives: tuple[str, ...] = (TASK, THREAD)


@dataclasses.dataclass(frozen=True)
class Reader:
    """What is done with it in the end."""

    name: str
    text: str
    gives: tuple[str, ...] = (TASK,)
    #: Whether this reads the failure.
    reads: bool = True
    #: Whether the failure has to be there before.
    after: bool = False
    #: Lines that come right after the birth: a callback, a watcher. A disturbance comes after them.
    early: str = ""
    module: str = ""
    #: Whether it cancels work that has not ended.
    cancels: bool = False
    #: Whether a loop's own task is needed, not just a future.
    task_only: bool = False


@dataclasses.dataclass(frozen=True)
class Disturbance:
    """What comes between the birth and the reader."""

    name: str
    #: Lines of the strand between birth and reader.
    text: str
    #: How main calls the strand.
    call: str
    #: Whether the reader is reached.
    passes: bool = False
    module: str = ""


@dataclasses.dataclass(frozen=True)
class Incident:
    """A story with one failure, or none."""

    name: str
    text: str
    #: What becomes of the failure: heard, lost or quiet.
    fate: str
    module: str = ""
    #: Types of failures that would make another story of it.
    never: tuple[str, ...] = ()
    #: Whether it tells of what `asyncio.run` does at its end.
    needs_run: bool = False
