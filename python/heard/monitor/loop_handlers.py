"""Who speaks and who listens when an event loop is told of something: the loop, or the program."""

from __future__ import annotations

import asyncio
import inspect
import os
import types
import typing
import weakref

from heard.monitor.places import value_of

#: What a function is whose body goes on and comes back later.
_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
#: Functions of a loop without which it does not turn. Loops in C call from whatever function has called one of these.
_RUNS = frozenset({"run", "run_forever", "run_until_complete"})
_ASYNCIO = os.path.dirname(str(asyncio.__file__)) + os.sep


def tells_itself(loop: typing.Any, caller: types.FrameType | None) -> bool:
    """Whether it is the loop, or asyncio, that calls `call_exception_handler`, and not a library or the program."""
    while caller is not None and caller.f_code.co_name == "call_exception_handler":
        # One that passes on what it is told.
        caller = caller.f_back
    if caller is None or caller.f_code.co_filename.startswith(_ASYNCIO):
        return True
    code = caller.f_code
    if code.co_argcount and value_of(caller, code.co_varnames[0]) is loop:
        # A method of a loop in Python.
        return True
    return not isinstance(loop, asyncio.BaseEventLoop) and not _RUNS.isdisjoint(code.co_names)


def handles_itself(loop: typing.Any) -> bool:
    """Whether the program has set an exception handler for the loop, or the loop or its class has one of its own."""
    try:
        handler = loop.get_exception_handler()
        # A mock has whatever it is asked for.
        if handler is not None and getattr(handler, "heard_gives_way", False) is not True:
            return True
        ours: typing.Any = type(loop)
        for name in ("default_exception_handler", "call_exception_handler"):
            if name in getattr(loop, "__dict__", ()):
                return True
            owners = (one for one in ours.__mro__ if name in vars(one))
            owner = next((one for one in owners if not _only_passes_on(vars(one)[name], name)), None)
            if owner is not None and not _is_stock(owner):
                return True
        return False
    except Exception:
        return False


def passes_by_us(loop: typing.Any) -> bool:
    """Whether what the loop is told of a lost failure comes past the monitor first, which can keep it back."""
    try:
        is_ours = _listener_of(type(loop).call_exception_handler) is not None
        return is_ours and "call_exception_handler" not in getattr(loop, "__dict__", ())
    except Exception:
        return False


def is_told(loop: typing.Any) -> bool:
    """Whether a handler of the loop is called, in this thread, with what has just been reported."""
    listener = _listener_of(type(loop).call_exception_handler)
    return listener is not None and listener.is_told()


class Listener(typing.Protocol):
    def is_told(self) -> bool: ...


#: The methods of loops that the monitor stands before, and who listens there.
methods: list[tuple[weakref.ref[typing.Any], Listener]] = []


def _listener_of(method: object) -> Listener | None:
    """Who listens to a method, if the monitor stands before it."""
    return next((listener for ours, listener in methods if ours() is method), None)


def _is_stock(owner: type) -> bool:
    """Whether a class is asyncio's, or a loop that does what asyncio's does."""
    return owner.__module__.partition(".")[0] in ("asyncio", "uvloop", "winloop")


def _only_passes_on(method: typing.Any, name: str) -> bool:
    """Whether a method calls that of its base class and does nothing else: it has no names for anything else."""
    if _listener_of(method) is not None:
        method = method.__wrapped__
    if not isinstance(method, types.FunctionType):
        return False
    code = method.__code__
    return (
        set(code.co_names) == {"super", name}
        and code.co_freevars == ("__class__",)
        and len(code.co_varnames) == code.co_argcount == 2
        and set(code.co_consts) <= {None, method.__doc__}
        and not code.co_flags & _SUSPENDS
    )
