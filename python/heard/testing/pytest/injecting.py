"""Failures on purpose, for as long as a test runs."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Callable, Iterator

import pytest

if typing.TYPE_CHECKING:
    from heard.testing.injection import Failure, Injection, Moment


class HeardInject(typing.Protocol):
    """What the fixture `heard_inject` gives: `heard.testing.inject` until the test ends."""

    def __call__(
        self, into: str | Callable[..., object], failure: Failure, *, on: int = 1, at: Moment = "start"
    ) -> Injection: ...


@pytest.fixture
def heard_inject() -> Iterator[HeardInject]:
    """Makes one call of an async function fail, as `heard.testing.inject` does, until the test ends. Gives the
    `Injection`, which tells how often the function was called and whether the failure was raised."""
    from heard.testing.injection import inject

    with contextlib.ExitStack() as stack:

        def put(
            into: str | Callable[..., object], failure: Failure, *, on: int = 1, at: Moment = "start"
        ) -> Injection:
            return stack.enter_context(inject(into, failure, on=on, at=at))

        yield put
