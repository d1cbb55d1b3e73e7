# What FastAPI hands on of Starlette.


# module fastapi
from typing import Any
from .background import BackgroundTasks as BackgroundTasks
from starlette.requests import Request as Request
from starlette.websockets import WebSocket as WebSocket

def __getattr__(name: str) -> Any: ...


# module fastapi.background
from typing import Any
from starlette.background import BackgroundTasks as Tasks

class BackgroundTasks(Tasks):
    def add_task(self, func: Any, *args: Any, **kwargs: Any) -> None: ...

def __getattr__(name: str) -> Any: ...


# module fastapi.concurrency
from typing import Any
from starlette.concurrency import run_in_threadpool as run_in_threadpool

def __getattr__(name: str) -> Any: ...


# module fastapi.requests
from typing import Any
from starlette.requests import Request as Request

def __getattr__(name: str) -> Any: ...


# module fastapi.websockets
from typing import Any
from starlette.websockets import WebSocket as WebSocket

def __getattr__(name: str) -> Any: ...


# module fastapi.responses
from typing import Any
from starlette.responses import StreamingResponse as StreamingResponse

def __getattr__(name: str) -> Any: ...
