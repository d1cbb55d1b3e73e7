"""`asyncio.wait(FIRST_EXCEPTION)`: to know whether a future has failed it reads the failure, and drops it.

The mark of such a failure is kept (`heard.monitor.tasks`), from the instant it happens. What has failed before, and tasks of
which the interpreter does not tell, are seen to when the wait begins.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import typing
from collections.abc import Collection

from heard.monitor.hooks.patch import Undo, listen
from heard.monitor.tasks import Tasks


def put(tasks: Tasks) -> list[Undo]:
    active = True

    def begins(fs: Collection[typing.Any], timeout: object, return_when: str, loop: object) -> None:
        if active and return_when == asyncio.FIRST_EXCEPTION:
            for future in fs:
                if future.done() or not tasks.is_told and isinstance(future, asyncio.Task):
                    tasks.keep(future)

    def stop() -> None:
        nonlocal active
        active = False

    return [stop, listen(asyncio.tasks, "_wait", before=begins)]
