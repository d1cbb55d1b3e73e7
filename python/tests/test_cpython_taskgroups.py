"""CPython's own tests of `TaskGroup`, as they come with the interpreter, on `Group(on_failure="cancel")`."""

from __future__ import annotations

import asyncio
import functools
import sys
import types
import typing
import unittest

import pytest

import heard

suite = pytest.importorskip("test.test_asyncio.test_taskgroups", reason="the interpreter comes without its tests")

#: Before 3.13, a coroutine that was refused had to be closed by the caller, and the tests await it afterwards.
REFUSED_STAYS_OPEN = {
    "test_taskgroup_finished",
    "test_taskgroup_no_create_task_after_failure",
    "test_taskgroup_not_entered",
    "test_taskgroup_without_parent_task",
}


class _Asyncio(types.ModuleType):
    TaskGroup = staticmethod(functools.partial(heard.Group, on_failure="cancel"))

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(asyncio, name)


def _cases() -> list[unittest.TestCase]:
    names = [name for name in vars(suite) if isinstance(getattr(suite, name), type)]
    kinds = [getattr(suite, name) for name in names if issubclass(getattr(suite, name), unittest.TestCase)]
    return [case for kind in kinds for case in unittest.defaultTestLoader.loadTestsFromTestCase(kind)]  # type: ignore[misc]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.id().rpartition(".")[2])
def test_case(case: unittest.TestCase, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info < (3, 13) and case.id().rpartition(".")[2] in REFUSED_STAYS_OPEN:
        pytest.skip("a Group closes what it refuses, as TaskGroup does from 3.13 on")
    monkeypatch.setattr(suite, "asyncio", _Asyncio("asyncio"))
    monkeypatch.setattr(suite, "taskgroups", _Asyncio("taskgroups"))
    result = case.run()
    assert result is not None
    assert result.testsRun == 1
    assert [*result.errors, *result.failures] == []
