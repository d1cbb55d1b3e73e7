"""The last line of `heard run`."""

from __future__ import annotations

from heard.record import Stats

_WORDS = (
    ("lost", "failure was lost", "failures were lost"),
    ("unread", "failure was unread so far", "failures were unread so far"),
    ("never_awaited", "coroutine was never awaited", "coroutines were never awaited"),
    ("unfinished", "task was left unfinished", "tasks were left unfinished"),
    ("callbacks", "callback raised", "callbacks raised"),
    ("swallowed", "task swallowed its cancellation", "tasks swallowed their cancellation"),
    ("told", "failure was told by who heard it", "failures were told by who heard them"),
    ("retracted", "report was taken back", "reports were taken back"),
    ("undecided", "failure could not be judged", "failures could not be judged"),
    ("ignored", "was ignored", "were ignored"),
)


def summary(stats: Stats) -> str:
    """A line, or nothing if all was well."""
    parts = []
    for field, one, many in _WORDS:
        count = getattr(stats, field)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    return f"heard: {', '.join(parts)}" if parts else ""
