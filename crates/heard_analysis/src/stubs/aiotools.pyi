# Task groups and other tools for asyncio.


# module aiotools
from typing import Any
from .taskgroup import PersistentTaskGroup as PersistentTaskGroup, TaskGroup as TaskGroup

def __getattr__(name: str) -> Any: ...


# module aiotools.taskgroup
from typing import Any
from .base import TaskGroup as TaskGroup
from .persistent import PersistentTaskGroup as PersistentTaskGroup

def __getattr__(name: str) -> Any: ...


# module aiotools.taskgroup.base
from typing import Any
from asyncio import Task
from typing import Self

class TaskGroup:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def create_task(self, coro: Any, **kwargs: Any) -> Task[Any]: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *args: Any) -> Any: ...

def __getattr__(name: str) -> Any: ...


# module aiotools.taskgroup.persistent
from typing import Any
from asyncio import Task
from typing import Self

class PersistentTaskGroup:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def create_task(self, coro: Any, **kwargs: Any) -> Task[Any]: ...
    async def shutdown(self, *args: Any, **kwargs: Any) -> Any: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *args: Any) -> Any: ...

def __getattr__(name: str) -> Any: ...
