"""Records which failures come, and which the program reads.

It patches the futures of `asyncio` and `concurrent.futures`, both in Python: `_asyncio` must not have been imported.
A read is a call of `result()` or `exception()`, or an `await`, whose failure goes to a frame of the program. What
asyncio itself reads, to log it or to drop it, goes to none.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dis
import functools
import sys
import types
import typing

#: Functions of asyncio and concurrent.futures below which no frame of the program is given what they read.
_ERASERS = {
    ("events.py", "_run"),
    ("tasks.py", "_done_callback"),
    ("tasks.py", "_inner_done_callback"),
    ("tasks.py", "_on_completion"),
    ("futures.py", "_copy_future_state"),
    ("futures.py", "_set_concurrent_future_state"),
    ("taskgroups.py", "_on_task_done"),
    ("runners.py", "_cancel_all_tasks"),
    ("base_events.py", "_run_until_complete_cb"),
    ("_base.py", "wait"),
    ("_base.py", "_invoke_callbacks"),
    ("thread.py", "run"),
}
_STEPS = ("__step", "__step_run_and_handle_result", "__wakeup", "_Task__step", "_Task__wakeup")


class Recorder:
    """The failures that came and those that were read, by their texts."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.raised: set[str] = set()
        self.read: set[str] = set()
        #: Those that were given to the program as one of several names, whose uses cannot be seen.
        self.unpacked: set[str] = set()

    def as_dict(self) -> dict[str, list[str]]:
        """All of it, as JSON has it."""
        return {"raised": sorted(self.raised), "read": sorted(self.read), "unpacked": sorted(self.unpacked)}

    def texts(self, error: BaseException | None) -> set[str]:
        """The texts of an exception, and of those in it if it is a group."""
        if error is None:
            return set()
        if isinstance(error, BaseExceptionGroup):
            return set().union(*(self.texts(one) for one in error.exceptions))
        return {str(error.args[0]) if error.args else ""}

    def comes(self, error: object) -> None:
        if isinstance(error, BaseException):
            self.raised |= self.texts(error)
        if isinstance(error, BaseExceptionGroup):
            # The group of a task that failed since its children did is a failure of its own.
            self.read -= self.texts(error)

    def reads(self, error: object, frame: types.FrameType | None) -> None:
        if isinstance(error, BaseException) and self.reaches_program(frame):
            self.read |= self.texts(error)

    def reaches_program(self, frame: types.FrameType | None) -> bool:
        """Whether what is read in this frame is given to the program."""
        while frame is not None:
            code = frame.f_code
            if code.co_filename == self.path:
                return True
            if (code.co_filename.rpartition("/")[2], code.co_name) in _ERASERS or code.co_name in _STEPS:
                return False
            frame = frame.f_back
        return False


class Outcomes(list[object]):
    """The results of a gather: an exception in it is read by whoever takes it out."""

    recorder: typing.ClassVar[Recorder]

    def __iter__(self) -> typing.Iterator[object]:
        frame = sys._getframe(1)
        unpacks = any(
            instruction.offset == frame.f_lasti and instruction.opname.startswith("UNPACK")
            for instruction in dis.get_instructions(frame.f_code)
        )
        return self.unpack() if unpacks else self.look()

    def unpack(self) -> typing.Iterator[object]:
        for outcome in super().__iter__():
            if isinstance(outcome, BaseException):
                self.recorder.unpacked |= self.recorder.texts(outcome)
            yield outcome

    def look(self) -> typing.Iterator[object]:
        for outcome in super().__iter__():
            self.recorder.reads(outcome, sys._getframe(1))
            yield outcome

    def __getitem__(self, index: typing.Any) -> typing.Any:
        outcome = super().__getitem__(index)
        for one in outcome if isinstance(outcome, list) else [outcome]:
            self.recorder.reads(one, sys._getframe(1))
        return outcome


def install(recorder: Recorder) -> None:
    """Patches the classes of this process."""
    if "_asyncio" in sys.modules and sys.modules["_asyncio"] is not None:
        raise RuntimeError("tasks and futures are those in C: the truth is recorded with those in Python")
    Outcomes.recorder = recorder
    for future in (asyncio.Future, concurrent.futures.Future):
        _patch_future(recorder, future)
    _patch_await(recorder)
    _patch_group(recorder)
    _patch_gather()
    _patch_handler(recorder)


def _patch_future(recorder: Recorder, future: typing.Any) -> None:
    set_exception, result, exception = future.set_exception, future.result, future.exception

    @functools.wraps(set_exception)
    def setting(self: typing.Any, error: typing.Any) -> None:
        recorder.comes(error)
        set_exception(self, error)

    @functools.wraps(result)
    def resulting(self: typing.Any, *arguments: typing.Any, **named: typing.Any) -> object:
        try:
            return result(self, *arguments, **named)
        except BaseException as error:
            if error is self._exception:
                recorder.reads(error, sys._getframe(1))
            raise

    @functools.wraps(exception)
    def excepting(self: typing.Any, *arguments: typing.Any, **named: typing.Any) -> object:
        error = exception(self, *arguments, **named)
        recorder.reads(error, sys._getframe(1))
        return error

    future.set_exception, future.result, future.exception = setting, resulting, excepting


def _patch_await(recorder: Recorder) -> None:
    """An await is given the failure by a throw into it, and not by a call of `result`."""
    original = asyncio.Future.__await__

    def awaiting(self: typing.Any) -> typing.Generator[typing.Any, None, object]:
        try:
            return (yield from original(self))
        except BaseException as error:
            if error is self._exception:
                recorder.reads(error, sys._getframe(1))
            raise

    asyncio.Future.__await__ = awaiting  # type: ignore[method-assign]
    asyncio.Future.__iter__ = awaiting  # type: ignore[method-assign]


def _patch_group(recorder: Recorder) -> None:
    original = asyncio.TaskGroup.__aexit__

    async def leaving(self: typing.Any, *arguments: typing.Any) -> object:
        try:
            return await original(self, *arguments)
        except BaseExceptionGroup as error:
            recorder.reads(error, sys._getframe(1))
            raise

    asyncio.TaskGroup.__aexit__ = leaving  # type: ignore[method-assign]


def _patch_gather() -> None:
    gathering: typing.Any = asyncio.tasks._GatheringFuture
    original = gathering.set_result

    def setting(self: object, result: list[object]) -> None:
        original(self, Outcomes(result))

    gathering.set_result = setting


def _patch_handler(recorder: Recorder) -> None:
    """Failures of callbacks, protocols and finalisers are never kept by a future."""
    original = asyncio.BaseEventLoop.call_exception_handler

    def calling(self: asyncio.BaseEventLoop, context: dict[str, typing.Any]) -> None:
        recorder.comes(context.get("exception"))
        original(self, context)

    asyncio.BaseEventLoop.call_exception_handler = calling  # type: ignore[method-assign]
