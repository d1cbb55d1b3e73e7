# WebSockets, by asyncio.


# module websockets
from typing import Any

def __getattr__(name: str) -> Any: ...


# module websockets.asyncio
from typing import Any

def __getattr__(name: str) -> Any: ...


# module websockets.asyncio.client
from typing import Any
from .connection import Connection

class ClientConnection(Connection): ...

def __getattr__(name: str) -> Any: ...


# module websockets.asyncio.connection
from typing import Any

class Connection:
    async def close(self, *args: Any, **kwargs: Any) -> Any: ...
    async def ping(self, *args: Any, **kwargs: Any) -> Any: ...
    async def pong(self, *args: Any, **kwargs: Any) -> Any: ...
    async def recv(self, *args: Any, **kwargs: Any) -> Any: ...
    async def send(self, *args: Any, **kwargs: Any) -> Any: ...
    async def wait_closed(self, *args: Any, **kwargs: Any) -> Any: ...

def __getattr__(name: str) -> Any: ...


# module websockets.asyncio.server
from typing import Any
from .connection import Connection

class ServerConnection(Connection): ...

def __getattr__(name: str) -> Any: ...
