"""What to do about each kind of failure, in a line. The pages of the rules say more."""

from __future__ import annotations

ADVICE = {
    "dropped-task": "keep the task and await it, start it in a TaskGroup, or let a callback read its exception",
    "unread-task": "await the task, or read its exception in a done callback",
    "late-task": "await the task earlier, or read its exception in a done callback",
    "lost-sibling-failure": "use a TaskGroup, or gather with return_exceptions=True and look at each outcome",
    "unread-gather": "look at each outcome: test it with isinstance(outcome, BaseException)",
    "unawaited-coroutine": "await it, or start a task for it and keep that",
    "unfinished-at-exit": "await the task, or start it in a TaskGroup, before main returns",
    "unread-thread-future": "call result() on the future, or give it a done callback that does",
    "raising-callback": "handle the exception in the callback",
    "swallowed-cancellation": "raise the CancelledError again when the clean-up is done",
}
