"""What the tests of the suites are to do. A test with no mark of these loses nothing, and has to pass."""

from __future__ import annotations

import pytest


def loses(exception: type[BaseException] | None, coroutine: str = "") -> pytest.MarkDecorator:
    """The test loses a failure: this exception, of this coroutine. A coroutine that is never awaited has no exception;
    a callback or a thread has no coroutine. For a cancellation that is swallowed, the coroutine is the one that works
    on."""
    return pytest.mark.loses(exception.__name__ if exception is not None else "", coroutine)


def leaves(coroutine: str) -> pytest.MarkDecorator:
    """The test leaves a task of this coroutine running, which is worth a warning."""
    return pytest.mark.leaves(coroutine)
