"""The set-up and tear-down of asynchronous test cases of `unittest`, which pytest takes for one call."""

from __future__ import annotations

import typing
import unittest

from heard.monitor import stages as current
from heard.testing.pytest import stages

if typing.TYPE_CHECKING:
    from heard.testing.pytest.run import Run


def split_phases(run: Run) -> typing.Callable[[], None]:
    """Names what is born in `asyncSetUp` and `asyncTearDown` by these, while the tests run. Returns how to undo it."""
    case: typing.Any = unittest.IsolatedAsyncioTestCase
    originals = {name: getattr(case, name) for name in ("_callSetUp", "_callTearDown")}

    def splitting(original: typing.Callable[..., object], when: str) -> typing.Callable[..., object]:
        def call(self: object) -> object:
            before, item = current.current, run.item
            if item is None:
                return original(self)
            run.listener.mark()
            current.current = stages.of_test(item.nodeid, when)
            try:
                return original(self)
            finally:
                run.listener.mark()
                current.current = before

        return call

    case._callSetUp = splitting(originals["_callSetUp"], "setup")
    case._callTearDown = splitting(originals["_callTearDown"], "teardown")

    def undo() -> None:
        for name, original in originals.items():
            setattr(case, name, original)

    return undo
