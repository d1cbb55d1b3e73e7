"""Makes an async function of the program fail on purpose, to see who hears it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import inspect
import threading
import types
import typing
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

Failure = BaseException | type[BaseException] | typing.Literal["cancel", "timeout", "hang"]
#: Before the body runs, at its n-th suspension (from 1), or when it would return.
Moment = typing.Literal["start", "end"] | int

_P = typing.ParamSpec("_P")
_R = typing.TypeVar("_R")

_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclasses.dataclass
class Injection:
    """What one `inject` has done so far."""

    failure: Failure
    on: int
    at: Moment
    #: How often the function has been called since.
    calls: int = 0
    #: How often the failure was raised: 0 or 1. A call that ends before its moment comes does not fail.
    injected: int = 0
    #: Until the block of `inject` ends.
    is_active: bool = True
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def is_due(self) -> bool:
        """Counts a call, and tells whether it is the one that fails."""
        with self._lock:
            self.calls += 1
            return self.calls == self.on

    def fail(self) -> BaseException | None:
        """The exception to raise, or nothing where the work is to hang."""
        self.injected += 1
        if self.failure == "hang":
            return None
        if self.failure == "cancel":
            return asyncio.CancelledError("injected by heard")
        if self.failure == "timeout":
            return TimeoutError("injected by heard")
        if isinstance(self.failure, type):
            return self.failure("injected by heard")
        # A second injection of the same object must not show the traceback of the first.
        return self.failure.with_traceback(None)


class inject:  # noqa: N801 - it is called like a function
    """Lets one call of an async function fail, wherever it is called from; a context manager and a decorator.

    `into` is the function, a method or a `functools.partial` of it, or its place as `"package.module:name"` or
    `"package.module:Class.method"`. The `on`-th call since (from 1) fails: with `at="start"` before its body runs, with
    a number at that suspension (from 1) in place of what it waits for, with `at="end"` when it would return; of an
    async generator, the number is that of an item. `failure` is an exception or its class, or `"cancel"`, `"timeout"`
    or `"hang"`, which waits until it is cancelled.

    The function object stays the same, so callers that have imported it by name are reached too. It is as it was when
    the block ends; calls that are under way then end undisturbed.

    Raises `LookupError` where nothing has that name, and `TypeError` where it is no async function or async generator.
    """

    def __init__(
        self, into: str | Callable[..., object], failure: Failure, *, on: int = 1, at: Moment = "start"
    ) -> None:
        _check(failure, on, at)
        self.function = _function(into)
        self.failure: Failure = failure
        self.on = on
        self.at: Moment = at
        self._active: list[Injection] = []

    def __enter__(self) -> Injection:
        injection = Injection(self.failure, self.on, self.at)
        with _lock:
            stand = _stands.get(self.function)
            if stand is None:
                stand = _stands[self.function] = _Stand(self.function)
                self.function.__code__ = _replacement(self.function.__code__, stand)
            stand.injections.append(injection)
        self._active.append(injection)
        return injection

    def __exit__(self, *_: object) -> None:
        injection = self._active.pop()
        injection.is_active = False
        with _lock:
            stand = _stands[self.function]
            stand.injections.remove(injection)
            if not stand.injections:
                self.function.__code__ = stand.original.__code__
                del _stands[self.function]

    def __call__(self, function: Callable[_P, _R]) -> Callable[_P, _R]:
        """The function with the failure injected while it runs, each time anew."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaiting(*args: _P.args, **kwargs: _P.kwargs) -> typing.Any:
                with self:
                    return await function(*args, **kwargs)

            return typing.cast(Callable[_P, _R], awaiting)

        @functools.wraps(function)
        def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with self:
                return function(*args, **kwargs)

        return wrapper


#: What stands in for each function that failures are injected into.
_stands: dict[types.FunctionType, _Stand] = {}
_lock = threading.Lock()


def _check(failure: object, on: object, at: object) -> None:
    is_exception = isinstance(failure, BaseException) or isinstance(failure, type) and issubclass(failure, BaseException)
    if not is_exception and failure not in ("cancel", "timeout", "hang"):
        raise TypeError(f"failure is an exception, its class, 'cancel', 'timeout' or 'hang', not {failure!r}")
    if not isinstance(on, int) or on < 1:
        raise ValueError(f"on is the number of a call, from 1, not {on!r}")
    if at not in ("start", "end") and not (isinstance(at, int) and at >= 1):
        raise ValueError(f"at is 'start', 'end' or the number of a suspension, from 1, not {at!r}")


def _function(into: str | Callable[..., object]) -> types.FunctionType:
    found: typing.Any = _named(into) if isinstance(into, str) else into
    while True:
        if isinstance(found, functools.partial | functools.partialmethod):
            found = found.func
        elif isinstance(found, types.MethodType | staticmethod | classmethod):
            found = found.__func__
        elif isinstance(found, types.FunctionType) and not found.__code__.co_flags & _ASYNC and "__wrapped__" in vars(found):
            found = vars(found)["__wrapped__"]
        else:
            break
    if not isinstance(found, types.FunctionType) or not found.__code__.co_flags & _ASYNC:
        raise TypeError(f"{into!r} is no async function and no async generator of Python, so nothing can fail in it")
    return found


def _named(place: str) -> object:
    module_name, colon, path = place.partition(":")
    if not colon or not path:
        raise LookupError(f"write the place as 'package.module:function' or 'package.module:Class.method', not {place!r}")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise LookupError(f"there is no module {error.name!r}, so {place!r} is not found") from error
    for name in path.split("."):
        try:
            # Not `getattr`, which binds class methods and calls properties.
            found = inspect.getattr_static(found, name)
        except AttributeError as error:
            raise LookupError(f"{module_name!r} has no {path!r}: there is no {name!r}") from error
    return found


class _Stand:
    """What a function does while failures are injected into it. It stands in the constants of the function's code."""

    def __init__(self, function: types.FunctionType) -> None:
        self.original = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        self.original.__kwdefaults__ = function.__kwdefaults__
        self.original.__qualname__ = function.__qualname__
        self.original.__module__ = function.__module__
        self.injections: list[Injection] = []

    def due(self) -> Injection | None:
        """The injection whose turn this call is. Each of them counts it."""
        due = [injection for injection in self.injections if injection.is_due()]
        return due[0] if due else None

    async def call(self, args: tuple[typing.Any, ...], kwargs: dict[str, typing.Any]) -> typing.Any:
        injection = self.due()
        inner = self.original(*args, **kwargs)
        return await (inner if injection is None else _Failing(inner, injection))

    def iterate(self, args: tuple[typing.Any, ...], kwargs: dict[str, typing.Any]) -> typing.Any:
        injection = self.due()
        inner = self.original(*args, **kwargs)
        return inner if injection is None else _FailingIterator(inner, injection)


class _FailingIterator:
    """An async generator up to the moment of its failure."""

    def __init__(self, inner: AsyncGenerator[typing.Any, typing.Any], injection: Injection) -> None:
        self.inner = inner
        self.injection = injection
        self.items = 0

    async def asend(self, value: object) -> typing.Any:
        if self.injection.at == "start" and not self.injection.injected:
            await _raise(self.injection)
        return await self._item(self.inner.asend(value))

    async def athrow(self, error: BaseException) -> typing.Any:
        return await self._item(self.inner.athrow(error))

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _item(self, step: Coroutine[typing.Any, typing.Any, typing.Any]) -> typing.Any:
        try:
            item = await step
        except StopAsyncIteration:
            if self.injection.at == "end":
                await _raise(self.injection)
            raise
        self.items += 1
        if self.items == self.injection.at:
            await _raise(self.injection)
        return item


class _Failing:
    """Drives a coroutine up to the moment of its failure."""

    def __init__(self, inner: typing.Any, injection: Injection) -> None:
        self.inner = inner
        self.injection = injection

    def __await__(self) -> Generator[typing.Any, typing.Any, typing.Any]:
        injection, inner = self.injection, self.inner
        if injection.at == "start":
            try:
                yield from _raise(injection).__await__()
            except BaseException:
                # As if its first line raised: the body does not run, and nothing warns of that.
                inner.close()
                raise
        suspensions = 0
        value: typing.Any = None
        error: BaseException | None = None
        while True:
            try:
                waited = inner.send(value) if error is None else inner.throw(error)
            except StopIteration as stop:
                if injection.at == "end":
                    yield from _raise(injection).__await__()
                return stop.value
            value, error = None, None
            suspensions += 1
            if suspensions == injection.at and injection.is_active:
                _forget(waited)
                try:
                    yield from _raise(injection).__await__()
                except BaseException as raised:
                    error = raised
                continue
            try:
                value = yield waited
            except BaseException as thrown:
                error = thrown


def _forget(waited: typing.Any) -> None:
    """A future that is not waited for after all can be awaited again."""
    if getattr(waited, "_asyncio_future_blocking", None):
        waited._asyncio_future_blocking = False


async def _raise(injection: Injection) -> None:
    if not injection.is_active:
        return
    failure = injection.fail()
    if failure is None:
        await asyncio.get_running_loop().create_future()
    else:
        raise failure


#: Placeholder that the compiler keeps as a constant; no program has it.
_MARK = "heard: the stand of an injection"

_TEMPLATES = {
    inspect.CO_COROUTINE: "async def stand(*args, **kwargs):\n  {cells}\n  return await {mark!r}.call(args, kwargs)\n",
    inspect.CO_ASYNC_GENERATOR: (
        "async def stand(*args, **kwargs):\n"
        "  {cells}\n"
        "  inner, sent = {mark!r}.iterate(args, kwargs), None\n"
        "  try:\n"
        "    while True:\n"
        "      try:\n        item = await inner.asend(sent)\n"
        "      except StopAsyncIteration:\n        return\n"
        "      try:\n        sent = yield item\n"
        "      except GeneratorExit:\n        raise\n"
        "      except BaseException as error:\n        sent = yield await inner.athrow(error)\n"
        "  finally:\n    await inner.aclose()\n"
    ),
}


def _replacement(code: types.CodeType, stand: _Stand) -> types.CodeType:
    """A code that calls `stand`, for the function of `code`.

    A code may take another's place only if it has as many free variables, so it names as many and leaves them alone.
    """
    names = [f"cell_{number:05}" for number in range(len(code.co_freevars))]
    template = _TEMPLATES[code.co_flags & _ASYNC]
    source = template.format(cells=f"lambda: ({', '.join(names)},)" if names else "pass", mark=_MARK)
    if names:
        inner = "".join(f"  {line}\n" for line in source.splitlines())
        source = f"def enclosing({', '.join(names)}):\n{inner}  return stand\n"
    compiled = _code_named(compile(source, code.co_filename, "exec", dont_inherit=True), "stand")
    return compiled.replace(
        co_consts=tuple(stand if constant == _MARK else constant for constant in compiled.co_consts),
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_firstlineno=code.co_firstlineno,
    )


def _code_named(code: types.CodeType, name: str) -> types.CodeType:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_name == name:
                return constant
            with contextlib.suppress(LookupError):
                return _code_named(constant, name)
    raise LookupError(name)
