"""How the function that `Group.start` runs says that it is ready."""

from __future__ import annotations

import asyncio
import typing

T = typing.TypeVar("T", contravariant=True)


class TaskStatus(typing.Generic[T]):
    """What `Group.start` gives to its function as `task_status`, as in trio and anyio."""

    @typing.overload
    def started(self: TaskStatus[None]) -> None: ...

    @typing.overload
    def started(self, value: T) -> None: ...

    def started(self, value: object = None) -> None:
        """Says that the function is ready; `Group.start` returns this value. Raises `RuntimeError` the second time."""
        raise NotImplementedError


class Ignored(TaskStatus[typing.Any]):
    """For a function that is called by somebody else: nobody waits until it is ready."""

    def started(self, value: object = None) -> None:
        pass

    def __repr__(self) -> str:
        return "heard.TASK_STATUS_IGNORED"


#: The default of a parameter `task_status`.
TASK_STATUS_IGNORED: TaskStatus[typing.Any] = Ignored()


class Awaited(TaskStatus[typing.Any]):
    """What `Group.start` waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ready: asyncio.Future[typing.Any] = loop.create_future()

    def started(self, value: object = None) -> None:
        if not self.ready.done():
            self.ready.set_result(value)
        elif not self.ready.cancelled():
            raise RuntimeError("task_status.started has been called already: a function is ready once")
