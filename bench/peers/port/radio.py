"""Channels, and who listens to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from port.errors import RadioSilence

log = logging.getLogger("port.radio")
Listener = Callable[[str], Awaitable[None]]


async def deaf(message: str) -> None:
    """A listener that never understands."""
    await asyncio.sleep(0)
    raise RadioSilence(message)


class Radio:
    """Sends messages to all who listen to a channel."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self.counts = {"harbour": 0}
        self.sent: set[asyncio.Task[None]] = set()

    def listen(self, channel: str, listener: Listener) -> None:
        self._listeners.setdefault(channel, []).append(listener)

    async def call(self, channel: str, message: str) -> int:
        """Waits for all, and asks none how it was."""
        calls = [listener(message) for listener in self._listeners.get(channel, [])]
        return len(await asyncio.gather(*calls, return_exceptions=True))

    async def call_and_log(self, channel: str, message: str) -> int:
        """Waits for all, and logs who did not understand. Returns how many did."""
        calls = [listener(message) for listener in self._listeners.get(channel, [])]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        for failure in failures:
            log.warning("not understood: %s", failure)
        return len(outcomes) - len(failures)

    def shout(self, channel: str, message: str) -> None:
        """Does not wait."""
        for listener in self._listeners.get(channel, []):
            asyncio.ensure_future(listener(message))

    def shout_and_count(self, channel: str, message: str) -> None:
        """Does not wait, and counts what came back."""
        for listener in self._listeners.get(channel, []):
            asyncio.ensure_future(listener(message)).add_done_callback(lambda task: self._count(channel, task))

    def _count(self, channel: str, task: asyncio.Future[None]) -> None:
        if task.exception() is None:
            self.counts[channel] += 1

    def say(self, channel: str, message: str) -> None:
        """What a listener of this kind does is never awaited."""
        for listener in self._listeners.get(channel, []):
            listener(message)

    async def mayday(self, patience: float) -> str:
        """An answer in time, or none. Who answers late does so to nobody."""
        free = asyncio.Event()
        answer = asyncio.ensure_future(self._answer(free))
        try:
            return await asyncio.wait_for(asyncio.shield(answer), patience)
        except TimeoutError:
            return "no answer"
        finally:
            free.set()

    async def _answer(self, free: asyncio.Event) -> str:
        """Comes when the channel is free again."""
        await free.wait()
        raise RadioSilence("too late")
