"""The code of a test that is not looked at: its own function and its fixtures, whose failures fail the test."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable

import pytest

#: What `unittest` and pytest call around a test, by name.
_AROUND = (
    *("setUp", "tearDown", "asyncSetUp", "asyncTearDown", "setUpClass", "tearDownClass"),
    *("setup_method", "teardown_method", "setup_class", "teardown_class"),
)


def apart_of(item: pytest.Item) -> Callable[[types.CodeType], bool]:
    """Tells the code that is the test's own."""
    codes = {code for function in _functions(item) if (code := _code_of(function)) is not None}
    # What plugins put around the function may hide it.
    names = {code.co_qualname for code in codes}
    kind = getattr(item, "cls", None)
    name = getattr(item, "originalname", item.name)
    names.add(f"{kind.__qualname__}.{name}" if kind is not None else name)
    path = str(item.path)

    def is_apart(code: types.CodeType) -> bool:
        return code in codes or code.co_filename == path and code.co_qualname in names

    return is_apart


def _functions(item: pytest.Item) -> typing.Iterator[object]:
    yield getattr(item, "obj", None)
    kind = getattr(item, "cls", None)
    for name in _AROUND:
        yield getattr(kind, name, None)
    info: typing.Any = getattr(item, "_fixtureinfo", None)
    for definitions in getattr(info, "name2fixturedefs", {}).values():
        for definition in definitions:
            yield definition.func


def _code_of(function: object) -> types.CodeType | None:
    try:
        found: typing.Any = inspect.unwrap(typing.cast(typing.Any, function))
    except ValueError:
        return None
    code = getattr(getattr(found, "__func__", found), "__code__", None)
    return code if isinstance(code, types.CodeType) else None
