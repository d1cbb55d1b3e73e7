"""Just enough HTTP to take an order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
LARGEST_BODY = 10_000


class BadRequest(ValueError):
    """The bytes on the wire are not a request we understand."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    text: str


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one request: the request line, the headers, the body."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *headers = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, path, _version = first.split(" ")
        body = await reader.readexactly(body_length(headers))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise BadRequest(f"cannot read the request: {error}") from error
    return Request(method, path, body)


def body_length(headers: list[str]) -> int:
    """How many bytes follow the headers."""
    length = 0
    for header in headers:
        name, _, value = header.partition(":")
        if name.strip().lower() == "content-length":
            length = int(value)
    if not 0 <= length <= LARGEST_BODY:
        raise BadRequest(f"a body of {length} bytes is too much")
    return length


async def write_reply(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Send one reply. The connection is closed after it."""
    body = reply.text.encode()
    head = (
        f"HTTP/1.1 {reply.status} {REASONS[reply.status]}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + body)
    await writer.drain()
