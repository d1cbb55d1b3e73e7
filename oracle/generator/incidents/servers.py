"""Servers and protocols whose handlers raise: asyncio runs them, and there is nobody to await them."""

from generator.parts import Incident
from generator.piece import HEARD, LOST, QUIET

_SERVE = """
server = await asyncio.start_server({work}, "127.0.0.1", 0)
reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
writer.write(b"{noun}\\n")
await reader.read()
writer.close()
server.close()
await let_run()
"""
_PAIR = """
ours, theirs = socket.socketpair()
ours.setblocking(False)
transport, _ = await asyncio.get_running_loop().create_connection({Noun}Protocol, sock=ours)
theirs.send(b"{noun}")
await let_run()
transport.close()
theirs.close()
await let_run()
"""

#: asyncio takes these for a connection that is lost, and hands them to `connection_lost`.
_LOST_CONNECTIONS = ("OSError", "ConnectionError", "PermissionError")

INCIDENTS = (
    Incident("a handler of start_server", _SERVE, LOST, '''
async def {work}(reader, writer) -> None:
    await reader.readline()
    writer.close()
    raise {leaf}("{message}")
'''),
    Incident("a handler of start_server that handles its failure", _SERVE, QUIET, '''
async def {work}(reader, writer) -> None:
    try:
        await reader.readline()
        raise {leaf}("{message}")
    except {leaf} as error:
        print("{noun}:", error)
    finally:
        writer.close()
'''),
    Incident("a handler of start_server that starts a task", _SERVE, LOST, '''
async def note_{noun}() -> None:
    raise {leaf}("{message}")


async def {work}(reader, writer) -> None:
    await reader.readline()
    asyncio.create_task(note_{noun}())§
    writer.close()
'''),
    Incident("data_received", _PAIR, LOST, '''
class {Noun}Protocol(asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        raise {leaf}("{message}")
''', never=_LOST_CONNECTIONS),
    Incident("connection_made", _PAIR, LOST, '''
class {Noun}Protocol(asyncio.Protocol):
    def connection_made(self, transport) -> None:
        raise {leaf}("{message}")
'''),
    Incident("connection_lost", _PAIR, LOST, '''
class {Noun}Protocol(asyncio.Protocol):
    def connection_lost(self, error) -> None:
        raise {leaf}("{message}")
'''),
    Incident("a protocol that starts a task", _PAIR, LOST, '''
class {Noun}Protocol(asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        self.job = asyncio.ensure_future(self.{work}())§

    async def {work}(self) -> None:
        raise {leaf}("{message}")
'''),
    Incident("a protocol whose future is awaited", '''
loop = asyncio.get_running_loop()
ours, theirs = socket.socketpair()
ours.setblocking(False)
transport, protocol = await loop.create_connection({Noun}Protocol, sock=ours)
theirs.close()
try:
    await protocol.ended
except {leaf} as error:
    print("{noun}:", error)
transport.close()
''', HEARD, '''
class {Noun}Protocol(asyncio.Protocol):
    def connection_made(self, transport) -> None:
        self.ended = asyncio.get_running_loop().create_future()

    def connection_lost(self, error) -> None:
        self.ended.set_exception({leaf}("{message}"))
'''),
)  # fmt: skip
