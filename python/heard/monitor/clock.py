"""The time, and who is woken when it has come.

Tests put a clock of their own in place, which goes on when they say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from heard import _native


class Clock:
    """The real one."""

    def now(self) -> float:
        """Seconds since some moment; they never go back."""
        return time.monotonic()

    def wake_in(self, seconds: float, callback: Callable[[], float | None]) -> None:
        """Calls back in so many seconds, in a thread of its own, and then whenever the callback asks for it."""
        try:
            _native.wake_in(seconds, callback)
        except OSError:
            # There is no room for a thread now. What is open is looked at when there is, or at the end.
            return


_current = Clock()


def current() -> Clock:
    """The clock of a monitor that is put in place now."""
    return _current


def use(clock: Clock) -> Clock:
    """Puts a clock in place of the current one, which is returned."""
    global _current
    before, _current = _current, clock
    return before
