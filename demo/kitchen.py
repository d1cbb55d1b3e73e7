"""The kitchen: a queue of orders, and the stoves they are cooked on."""

from __future__ import annotations

import asyncio
import logging
import time

from .metrics import Metrics
from .order import Order

log = logging.getLogger(__name__)

STOVES = 4
STEP = 0.08
WAY_TO_THE_TABLE = 0.05
RECIPES = {
    "roast": ("salt", "sear", "turn", "baste", "bake", "bake", "bake", "rest"),
    "ramen": ("boil", "season", "top"),
    "curry": ("fry", "simmer", "simmer"),
    "pasta": ("boil", "toss"),
    "salad": ("wash", "dress"),
}


class Kitchen:
    """Takes orders from the queue and cooks each in a task of its own."""

    def __init__(self, metrics: Metrics) -> None:
        self.since: dict[int, float] = {}
        self._metrics = metrics
        self._queue: asyncio.Queue[Order] = asyncio.Queue(maxsize=50)
        self._stoves = asyncio.Semaphore(STOVES)
        self._cooking: set[asyncio.Task[None]] = set()

    async def put(self, order: Order) -> None:
        """Hang the order on the rail. Waits when the rail is full."""
        self.since[order.number] = time.monotonic()
        await self._queue.put(order)

    def send_back(self, order: Order) -> None:
        """The guest is not happy: cook it again."""
        self._metrics.count("orders.sent_back")
        self._queue.put(order)

    def cancel(self, number: int) -> None:
        """The guest has changed their mind: stop cooking."""
        for task in self._cooking:
            if task.get_name() == f"order-{number}":
                self._metrics.count("orders.cancelled")
                task.cancel()

    async def work(self) -> None:
        """Start every order as it comes in, until cancelled."""
        while True:
            order = await self._queue.get()
            self._metrics.count("orders.started")
            task = asyncio.create_task(self._cook(order), name=f"order-{order.number}")
            self._cooking.add(task)
            task.add_done_callback(self._cooking.discard)

    async def finish(self) -> None:
        """Wait until every order on the rail is dealt with."""
        await asyncio.wait_for(self._queue.join(), timeout=2)
        await asyncio.sleep(WAY_TO_THE_TABLE)

    async def _cook(self, order: Order) -> None:
        try:
            async with self._stoves:
                for step in RECIPES[order.dish]:
                    await self._do(step)
            self._metrics.count("orders.cooked")
            asyncio.get_running_loop().call_later(WAY_TO_THE_TABLE, self._carry, order)
        except asyncio.CancelledError:
            self._metrics.count("orders.stopped")
            raise
        finally:
            self.since.pop(order.number, None)
            self._queue.task_done()

    async def _do(self, step: str) -> None:
        try:
            await asyncio.sleep(STEP)
        except asyncio.CancelledError:
            log.debug("disturbed while the cook had to %s", step)

    async def _carry(self, order: Order) -> None:
        """Bring the plate to the table, or to the door."""
        await asyncio.sleep(0)
        self._metrics.count("plates.carried")
        log.info("Order %d is on the table.", order.number)
