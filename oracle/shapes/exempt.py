"""Differences that are so on purpose, each with its reason."""

from __future__ import annotations

import dataclasses

from shapes.compare import Difference


@dataclasses.dataclass(frozen=True)
class Exempt:
    """Shapes that change what is found."""

    shapes: tuple[str, ...]
    #: Rules that may be found less or more there, or at another level; none stands for all.
    rules: tuple[str, ...]
    reason: str

    @property
    def name(self) -> str:
        return f"{', '.join(self.shapes)} ({', '.join(self.rules) or 'all rules'})"


EXEMPT = (
    Exempt(
        ("by a helper", "in a list", "spread"),
        ("muted-callback", "raising-callback"),
        "a callback is looked at where it is given to a task that the same function has started under a name",
    ),
    Exempt(
        ("by a helper", "by a partial", "decorated", "in two functions", "in a list", "spread"),
        ("task-lost-on-error",),
        "what lies between the start and the await is looked at in one function, and so are the failures of the work",
    ),
    Exempt(
        ("by a helper", "by a partial", "decorated", "in two functions"),
        ("unwatched-join", "unbounded-spawn", "muted-failure", "lost-sibling-failure"),
        "what the work does is looked at in the function that is started, and not in those behind it",
    ),
    Exempt(
        ("by a helper", "in a list"),
        (
            "abandoned-pending", "task-outlives-scope", "late-task", "timeout-hides-failure",
            "unreachable-exception-branch",
        ),
        "these follow a task from where it is started to the name that holds it",
    ),
    Exempt(
        ("in another file", "re exported", "with other code"),
        ("silenced-diagnostics",),
        "a module that nobody runs may be imported by one that wants this, and one without asyncio silences nothing",
    ),
    Exempt(
        ("in another file", "re exported", "in two functions", "as methods", "by a partial"),
        ("unfinished-at-exit", "dropped-task", "unread-task", "lost-sibling-failure"),
        "the end of the program is looked for in the function that is run, and in the file that runs it",
    ),
    Exempt(("decorated",), (), "a decorator that is not looked into may hear what its function raises"),
    Exempt(("by a partial",), (), "what a partial calls is not looked into"),
    Exempt(("spread",), ("bare-raise-outside-except",), "who calls a function is looked for in its own file"),
    Exempt(
        ("with base classes",),
        ("unawaited-coroutine", "unguarded-future-resolve", "unread-task"),
        "what a class inherits is not always looked for",
    ),
    Exempt(
        ("with a twin", "spread", "in a list", "in two functions"),
        ("unawaited-coroutine", "unread-task", "unread-thread-future", "unread-wait", "dropped-task"),
        "what has a name that others have may be read where they are",
    ),
    Exempt(
        ("decorated",),
        ("async-function-as-callback", "async-generator-misuse", "misordered-results"),
        "what a decorator without types gives is not known to be a coroutine function",
    ),
    Exempt(
        ("reordered",),
        ("unawaited-coroutine",),
        "the sample binds the name of a function anew, and which of both stands comes of the order",
    ),
)  # fmt: skip


def exempt(difference: Difference) -> Exempt | None:
    """Why this may differ, if that is known."""
    shape, signs = difference.kind
    rules = {rule for _, rule, _ in signs}
    for one in EXEMPT:
        if shape in one.shapes and (not one.rules or rules <= {*one.rules}):
            return one
    return None
