"""Failures of protocols, servers and generators, and one at the end of `asyncio.run`."""

# /// script
# [tool.heard]
# losses = [
#     {kind = "protocol-failed", exception = "KeyError", raised = "data_received"},
#     {kind = "protocol-failed", exception = "ArithmeticError", raised = "serve"},
#     {kind = "asyncgen-failed", coroutine = "rows", exception = "RuntimeError", raised = "rows"},
#     {kind = "shutdown-failed", coroutine = "late", exception = "OSError", raised = "late"},
# ]
# ///

import asyncio
import logging


class Broken(asyncio.Protocol):
    def data_received(self, data):
        raise KeyError("order")  # raised: data_received


async def serve(reader, writer):
    try:
        await reader.readline()
    finally:
        writer.close()
    raise ArithmeticError("no change")  # raised: serve


async def send(server):
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"order\n")
    await reader.read()
    writer.close()


async def rows():
    try:
        yield 1
    finally:
        raise RuntimeError("cursor is gone")  # raised: rows


async def late():
    try:
        await asyncio.Event().wait()
    finally:
        raise OSError("cannot flush")  # raised: late


async def main():
    for server in (
        await asyncio.get_running_loop().create_server(Broken, "127.0.0.1", 0),
        await asyncio.start_server(serve, "127.0.0.1", 0),
    ):
        await send(server)
        server.close()
    generator = rows()
    await anext(generator)
    task = asyncio.create_task(late())
    await asyncio.sleep(0)
    return generator, task


logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(main())
