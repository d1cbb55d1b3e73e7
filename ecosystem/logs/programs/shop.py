"""A shop that loses failures of every kind, and says what else a service says in between.

`lose()` is what set-ups run; `LOSSES` in `field/losses.py` lists what it loses, and the comments `# raised: NAME` mark
the lines that a log should lead to. Every loss is told on the spot, since what was lost is collected at once.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable

log = logging.getLogger("shop.orders")


class Empty(Exception):
    """Nothing is left."""


class Till:
    """A till that is shut."""

    def __init__(self, number: int) -> None:
        self.number = number

    def open(self) -> None:
        raise RuntimeError(f"till {self.number} is shut")  # raised: Till.pay

    async def pay(self) -> None:
        log.info("order %s: paid with 'Task' in mind", self.number)
        await asyncio.sleep(0)
        self.open()


class Shelf:
    """A shelf whose goods nobody counts."""

    async def count(self) -> int:
        return 3


async def refill(name: str) -> asyncio.Task[None]:
    """Starts a task whose failure has a cause."""
    rows: dict[str, None] = {}

    async def take() -> None:
        try:
            return rows[name]
        except KeyError as error:
            raise Empty(f"no {name}") from error  # raised: refill.<locals>.take

    return asyncio.create_task(take())


async def announce(text: str) -> None:
    """Fails with a text that looks like other lines of a log."""
    raise ValueError(f"two lines:\n  {text}\nERROR: not a record")  # raised: announce


async def fall(kind: type[Exception]) -> None:
    raise kind("x")


async def close_up() -> None:
    """Fails with a group."""
    async with asyncio.TaskGroup() as group:  # raised: close_up
        group.create_task(fall(OSError))
        group.create_task(fall(IndexError))


async def find(name: str) -> None:
    raise KeyError(name)  # raised: gather


async def lamp(never: asyncio.Future[None]) -> None:
    await never


def ring(bell: int, times: int) -> float:
    return bell / (times - 3)  # raised: ring


def forget() -> None:
    """Makes a coroutine that is never awaited."""
    Shelf().count()  # raised: Shelf.count


async def settle() -> None:
    """Lets everything run that can."""
    for _ in range(12):
        await asyncio.sleep(0)


async def lose(rounds: int = 1) -> None:
    """Loses all of it, so many times."""
    loop = asyncio.get_running_loop()
    # In debug mode, what a busy machine does slowly is none of it.
    loop.slow_callback_duration = 3600
    for _ in range(rounds):
        for number in (1, 2):
            task = asyncio.create_task(Till(number).pay(), name=f"till-{number}")
            await settle()
            log.info("order %d was sent", number)
            del task
            gc.collect()
        task = await refill("bread")
        await settle()
        del task
        gc.collect()
        log.warning("shelf %s is empty", "bread")
        for failing in (announce("sale"), close_up()):
            task = asyncio.create_task(failing)
            del failing
            await settle()
            del task
            gc.collect()
        future = loop.create_future()
        future.set_exception(TimeoutError("the bank is slow"))
        del future
        gc.collect()
        tasks = asyncio.gather(find("milk"))
        await settle()
        del tasks
        gc.collect()
        log.info("GET /orders?state=%s 200", "open")
        forget()
        gc.collect()
        task = asyncio.create_task(lamp(asyncio.Future()))
        await settle()
        del task
        gc.collect()
        loop.call_soon(ring, 1, 3)
        await settle()
    log.info("closed")


async def app(
    scope: object, receive: Callable[[], Awaitable[dict[str, str]]], send: Callable[[dict[str, str]], Awaitable[None]]
) -> None:
    """The shop behind a server for ASGI: loses everything when the server starts, and then asks for its end."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await lose()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
        # hypercorn looks for signals a moment after it has started.
        asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)
