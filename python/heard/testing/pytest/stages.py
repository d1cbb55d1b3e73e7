"""The parts of a test run, by name: what is born in one belongs to it."""

from __future__ import annotations

import functools

import pytest

COLLECTION = "the collection of the tests"
END = "the end of the session"
#: Scopes of fixtures that outlive a test.
_LONG = ("class", "module", "package", "session")
_ASKED_FOR = ("(class)", "(module)", "(package)")


def of_test(nodeid: str, when: str) -> str:
    return nodeid if when == "call" else f"{nodeid} ({'set-up' if when == 'setup' else 'tear-down'})"


@functools.lru_cache(maxsize=8)
def all_of(nodeid: str) -> frozenset[str]:
    """Every part of a test that is over when the test is."""
    return frozenset(of_test(nodeid, when) for when in ("setup", "call", "teardown"))


def is_long(definition: pytest.FixtureDef[object]) -> bool:
    """Whether a fixture outlives the test that asks for it."""
    return definition.scope in _LONG


def of_fixture(definition: pytest.FixtureDef[object], when: str) -> str:
    """The part for a fixture that outlives the test."""
    return f"the {when} of the fixture '{definition.argname}' ({definition.scope})"


def is_asked_for(stage: str) -> bool:
    """Whether a part is the set-up of a fixture that is made for a test, though others use it later."""
    return stage.startswith("the set-up of the fixture '") and stage.endswith(_ASKED_FOR)


def is_of_test(stage: str | None) -> bool:
    """Whether a part runs once, in whichever process: fixtures that outlive a test, the collection and the end of the
    session are in each process of pytest-xdist."""
    fixtures = ("the set-up of the fixture '", "the tear-down of the fixture '")
    return stage not in (None, COLLECTION, END) and not str(stage).startswith(fixtures)
