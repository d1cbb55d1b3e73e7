"""Turns code objects, frames and exceptions into places and text. Only reports pay for it."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import os
import traceback
import types
import typing

from heard import _native
from heard.monitor import awaiting

if typing.TYPE_CHECKING:
    from heard.record import Place, Raised

#: Longer tracebacks and messages are cut: memory has a bound.
_MOST_FRAMES = 60
_MOST_TEXT = 20_000
_MOST_MESSAGE = 2_000
#: Coroutines that are wrapped deeper than this are not looked for.
_MOST_WRAPPERS = 8

#: Code that names one of these may read a variable in a way that no instruction shows.
REFLECTION = frozenset({"locals", "vars", "eval", "exec", "dir", "_getframe", "currentframe"})


def born(site: int) -> tuple[Place, ...]:
    """The frames of a site, the innermost first."""
    return tuple(place(code, last) for code, last in _native.places(site))


def place(code: types.CodeType, last: int) -> Place:
    """The line that an instruction belongs to."""
    from heard.record import Place

    return Place(code.co_filename, _line(code, last), code.co_qualname)


def _line(code: types.CodeType, last: int) -> int:
    for start, end, line in code.co_lines():
        if line is not None and start <= last < end:
            return line
    return code.co_firstlineno


def shown(path: str) -> str:
    """A path for a person: relative where that is shorter."""
    try:
        here = os.getcwd() + os.sep
    except OSError:
        return path
    return path.removeprefix(here)


def shown_place(place: Place) -> str:
    """A line of the program for a person."""
    return f"{shown(place.path)}:{place.line} in {place.function}"


def raised(exception: BaseException) -> Raised:
    """The exception as text. The values of variables are not in it."""
    import dataclasses

    from heard.record import Raised

    try:
        formatted = traceback.TracebackException(
            type(exception), exception, traceback_of(exception), limit=-_MOST_FRAMES, compact=True
        )
        _leave_out_columns(formatted)
        text = "".join(formatted.format())
        return dataclasses.replace(
            _raised(formatted), text=text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + "\n…\n"
        )
    except Exception:
        # An attribute of the exception's own is broken, such as a `__cause__`, or it says that it is of another class.
        return _raised_alone(exception)


def traceback_of(exception: BaseException) -> types.TracebackType | None:
    """The traceback that the interpreter has given an exception, whatever its class says of that."""
    found: types.TracebackType | None = vars(BaseException)["__traceback__"].__get__(exception)
    return found


def _raised_alone(exception: BaseException) -> Raised:
    """What is known of an exception without its help."""
    from heard.record import Place, Raised

    stack = traceback.extract_tb(traceback_of(exception), limit=-_MOST_FRAMES)
    for frame in stack:
        frame.colno = frame.end_colno = None
    name = _name_of(type(exception))
    try:
        message = str(exception)[:_MOST_MESSAGE]
    except Exception as error:
        message = f"<cannot be shown: {type(error).__qualname__}>"
    lines = ["Traceback (most recent call last):\n", *stack.format(), f"{name}: {message}\n"]
    places = tuple(Place(frame.filename, frame.lineno or 0, frame.name) for frame in stack)
    return Raised(name, message, places, text="".join(lines)[:_MOST_TEXT])


def _name_of(kind: type) -> str:
    """The name of a class as the last line of a traceback has it."""
    return kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"


def _leave_out_columns(formatted: traceback.TracebackException | None, depth: int = 0) -> None:
    """Python parses each line to underline a part of it. Python 3.11 cannot parse in two threads at once without
    harm to the other (python/cpython#106905), and the other may be the program."""
    if formatted is None or depth > _MOST_FRAMES:
        return
    for frame in formatted.stack:
        frame.colno = frame.end_colno = None
    for other in (formatted.__cause__, formatted.__context__, *(formatted.exceptions or ())):
        _leave_out_columns(other, depth + 1)


def _raised(formatted: traceback.TracebackException, depth: int = 0) -> Raised:
    from heard.record import Place, Raised

    name = getattr(formatted, "exc_type_str", None)
    if name is None:
        name = _name_of(typing.cast(type, formatted.exc_type))
    places = tuple(Place(frame.filename, frame.lineno or 0, frame.name) for frame in formatted.stack)
    deeper = depth < 10
    cause = formatted.__cause__
    context = None if formatted.__suppress_context__ else formatted.__context__
    return Raised(
        name,
        str(formatted)[:_MOST_MESSAGE],
        places,
        _raised(cause, depth + 1) if cause is not None and deeper else None,
        _raised(context, depth + 1) if context is not None and deeper else None,
        tuple(_raised(one, depth + 1) for one in (formatted.exceptions or ())[:10]) if deeper else (),
    )


def coroutine_name(coroutine: typing.Any, error: BaseException | None = None) -> str | None:
    """The qualified name of the function whose coroutine it is.

    Where that is a tool's around one of the program's, it is the name of the latter: as long as it runs, what the
    coroutine awaits tells, and later the traceback of its failure.
    """
    if is_tools(getattr(coroutine, "cr_code", None)):
        wrapped = _program_of(coroutine) or (_program_in(error) if error is not None else None)
        if wrapped is not None:
            return wrapped.co_qualname
    # The end of an asynchronous generator has no name of its own.
    name = getattr(awaiting.behind(coroutine), "__qualname__", None)
    if name is not None:
        return str(name)
    return type(coroutine).__name__ if coroutine is not None else None


def is_tools_own(coroutine: typing.Any) -> bool:
    """Whether a coroutine is a tool's, and nothing of the program's is known to be in it."""
    return is_tools(getattr(coroutine, "cr_code", None)) and _program_of(coroutine) is None


def is_tools(code: types.CodeType | None) -> bool:
    """Whether code is that of a tool that stands around tasks."""
    return code is not None and _is_of_a_tool(code.co_filename)


@functools.lru_cache(1024)
def _is_of_a_tool(path: str) -> bool:
    from heard.monitor.hooks.births import tool_paths

    return any(part in path for part in tool_paths())


def _program_of(coroutine: typing.Any) -> types.CodeType | None:
    while isinstance(coroutine, types.CoroutineType):
        if not is_tools(coroutine.cr_code):
            return coroutine.cr_code
        coroutine = coroutine.cr_await
    return None


def _program_in(error: BaseException) -> types.CodeType | None:
    """The first coroutine in the traceback that is not a tool's."""
    for frame, _ in traceback.walk_tb(traceback_of(error)):
        if frame.f_code.co_flags & inspect.CO_COROUTINE and not is_tools(frame.f_code):
            return frame.f_code
    return None


def wrapped_names(error: BaseException) -> list[str]:
    """The names of the coroutines that the one of a failed task has been given, and awaits, as wrappers do."""
    found: list[str] = []
    walked = dict.fromkeys(frame for frame, _ in traceback.walk_tb(traceback_of(error)))
    frames = [frame for frame in walked if frame.f_code.co_flags & inspect.CO_COROUTINE]
    for outer, inner in itertools.pairwise(frames[:_MOST_WRAPPERS]):
        code = outer.f_code
        given = (*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], *code.co_freevars)
        if not any(getattr(value_of(outer, name), "cr_code", None) is inner.f_code for name in given):
            break
        found.append(inner.f_code.co_qualname)
    return found


def value_of(frame: types.FrameType, name: str) -> object:
    """The value of a frame's variable; `None` if it has none, or if that cannot be told without a trace."""
    if _native.has_variable():
        return _native.variable(frame, name)
    if not REFLECTION.isdisjoint(frame.f_code.co_names):
        return None
    variables = frame.f_locals
    value = variables.get(name)
    # The frame keeps this dictionary, and with it all that its variables hold now. Only code that asks for
    # `locals()` would miss it.
    variables.clear()
    return value
