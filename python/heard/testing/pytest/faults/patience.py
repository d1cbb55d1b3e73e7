"""Ends a test that does not end by itself, so that what it has lost is still told."""

from __future__ import annotations

import contextlib
import signal
import types
import typing
from collections.abc import Generator


class DoesNotEnd(KeyboardInterrupt):
    """The time of a test is over. Neither asyncio nor pytest takes it for a failure of the program's."""


@contextlib.contextmanager
def patience(seconds: float) -> Generator[None, None, None]:
    """Raises `DoesNotEnd` in the main thread when the time is over, where the system can do that."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def over(_: int, __: types.FrameType | None) -> typing.NoReturn:
        raise DoesNotEnd

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
