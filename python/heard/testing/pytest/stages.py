"""The parts of a test run, by name: what is born in one belongs to it."""

from __future__ import annotations

import functools

import pytest

COLLECTION = "the collection of the tests"
#: Scopes of fixtures that outlive a test.
_LONG = ("class", "module", "package", "session")


def of_test(nodeid: str, when: str) -> str:
    return nodeid if when == "call" else f"{nodeid} ({'set-up' if when == 'setup' else 'tear-down'})"


@functools.lru_cache(maxsize=8)
def all_of(nodeid: str) -> frozenset[str]:
    """Every part of a test that is over when the test is."""
    return frozenset(of_test(nodeid, when) for when in ("setup", "call", "teardown"))


def of_fixture(definition: pytest.FixtureDef[object], when: str) -> str | None:
    """The part for a fixture that outlives the test, or `None` for one that belongs to it."""
    scope = definition.scope
    if scope not in _LONG:
        return None
    return f"the {when} of the fixture '{definition.argname}' ({scope})"
