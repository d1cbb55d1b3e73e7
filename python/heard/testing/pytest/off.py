"""What is there with `--heard=off`, so that tests which use it still run."""

from __future__ import annotations

import typing

import pytest

if typing.TYPE_CHECKING:
    from heard.record import Failure


@pytest.fixture
def heard_failures() -> list[Failure]:
    """Nothing is heard with `--heard=off`."""
    return []
