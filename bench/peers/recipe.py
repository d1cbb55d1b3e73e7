"""What circulates as a recipe, as a plugin for pytest: what loops are told while a test runs fails it, after one
collection of garbage at its end. Coroutines that are never awaited are taken from their warnings."""

from __future__ import annotations

import asyncio
import gc
import typing
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_failure_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    told: list[str] = []

    def default_exception_handler(self: asyncio.BaseEventLoop, context: dict[str, typing.Any]) -> None:
        told.append(" ".join(str(context.get(key)) for key in ("message", "exception", "task", "future", "handle")))

    monkeypatch.setattr(asyncio.BaseEventLoop, "default_exception_handler", default_exception_handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=".*was never awaited")
        yield
        gc.collect()
    told += [str(warning.message) for warning in caught if "never awaited" in str(warning.message)]
    assert not told, "\n".join(told)
