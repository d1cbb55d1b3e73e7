"""Who awaits whom: coroutines, generators and asynchronous generators, of which each is suspended in the next."""

from __future__ import annotations

import gc
import types
import typing

#: More than anybody nests.
_DEEPEST = 100
#: What stands between: `__anext__()`, `asend()`, `athrow()` and `aclose()` of a generator, `anext()`, and `__await__()`
#: of a coroutine. None of them says what it is about, and the types have no names.
_BETWEEN = frozenset({"async_generator_asend", "async_generator_athrow", "anext_awaitable", "coroutine_wrapper"})
_AWAITED = {types.CoroutineType: "cr_await", types.GeneratorType: "gi_yieldfrom", types.AsyncGeneratorType: "ag_await"}


def chain_of(outermost: object) -> tuple[list[typing.Any], object]:
    """Each of those that are suspended in one another, the outermost first, and what the last of them awaits."""
    chain: list[typing.Any] = []
    awaited = outermost
    while len(chain) < _DEEPEST:
        awaited = behind(awaited)
        attribute = _AWAITED.get(type(awaited))
        if attribute is None:
            break
        chain.append(awaited)
        awaited = getattr(awaited, attribute)
    return chain, awaited


def behind(awaited: object) -> object:
    """The generator or coroutine that is meant where only a step of it is awaited, else the same."""
    for _ in range(_DEEPEST):
        if type(awaited).__name__ not in _BETWEEN:
            break
        inner = [one for one in gc.get_referents(awaited) if type(one) in _AWAITED or type(one).__name__ in _BETWEEN]
        if len(inner) != 1:
            break
        awaited = inner[0]
    return awaited


def is_future_s(awaited: object) -> bool:
    """Whether what the last of a chain awaits is a future and nothing more. Any other object may do what it likes before
    it hands something on, and what it does is not seen: an iterator of the program's, a coroutine of Cython's."""
    return type(awaited).__name__ == "FutureIter"
