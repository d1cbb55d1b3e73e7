"""Cargo lists: read in threads, sent with retries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor

from port.errors import FeedDown, ManifestDamaged


def parse(text: str) -> dict[str, int]:
    """`name=weight` by line."""
    try:
        return {name: int(weight) for name, _, weight in (line.partition("=") for line in text.splitlines())}
    except ValueError:
        raise ManifestDamaged(text) from None


class Desk:
    """Reads lists in threads of its own."""

    def __init__(self, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def put(self, text: str) -> None:
        """Puts a list on the pile."""
        self._pool.submit(parse, text)

    def read(self, text: str) -> Future[dict[str, int]]:
        return self._pool.submit(parse, text)

    async def read_in_background(self, text: str) -> None:
        """Hands a list over, and goes on when it is done."""
        await asyncio.wait([asyncio.get_running_loop().run_in_executor(self._pool, parse, text)])


async def read(text: str) -> dict[str, int]:
    return await asyncio.to_thread(parse, text)


class Office:
    """Takes lists; the first `failures` calls fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.taken: list[str] = []

    async def take(self, text: str) -> str:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise FeedDown("the office is closed")
        self.taken.append(text)
        return f"receipt {len(self.taken)}"


async def send(
    office: Office, text: str, attempts: int = 3, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> str:
    """Sends a list, again if it must be. The last failure is raised."""
    for attempt in range(1, attempts + 1):
        try:
            return await office.take(text)
        except FeedDown:
            if attempt == attempts:
                raise
            await pause(0.001 * attempt)
    raise AssertionError("attempts is at least 1")


async def send_to_all(offices: list[Office], text: str) -> str:
    """The receipt that is there first; the other offices are told nothing more."""
    tasks = [asyncio.create_task(send(office, text, attempts=1)) for office in offices]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return done.pop().result()


async def send_and_archive(office: Office, text: str, archive: Callable[[str], Awaitable[None]]) -> str:
    """The archive gets a copy, in its own time."""
    receipt = await send(office, text)
    asyncio.get_running_loop().create_task(archive(text), name="archive")
    return receipt
