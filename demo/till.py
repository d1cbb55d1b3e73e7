"""Money: bills, payments, and the book that the tax office wants to see."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from .menu import Menu
from .metrics import Metrics
from .order import Order
from .town import Town

log = logging.getLogger(__name__)

DINNER = 1.25
TABLES = range(1, 9)


class Till:
    """One bill an order. It is paid when dinner is over."""

    def __init__(self, menu: Menu, town: Town, metrics: Metrics) -> None:
        self._menu = menu
        self._town = town
        self._metrics = metrics
        self._bills: dict[int, asyncio.Task[None]] = {}
        self._book: dict[int, list[str]] = {table: [] for table in TABLES}
        self._clerk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clerk")

    async def total(self, order: Order) -> str:
        """What the guest has to pay, with the service."""
        await asyncio.sleep(0)
        return f"{self._menu.price(order.dish) * 1.1 / 100:.2f} EUR"

    def open_bill(self, order: Order) -> None:
        """Start a bill, and note the order in the book."""
        self._bills[order.number] = asyncio.create_task(self._collect(order))
        self._clerk.submit(self._note, order)

    def void(self, number: int) -> None:
        """Nothing to pay: tear up the bill."""
        bill = self._bills.get(number)
        if bill is not None:
            bill.cancel()

    async def close_day(self) -> int:
        """Wait for the last bill. Returns how many were paid."""
        paid = 0
        outcomes = await asyncio.gather(*self._bills.values(), return_exceptions=True)
        for number, outcome in zip(self._bills, outcomes):
            if isinstance(outcome, Exception):
                log.error("Bill %d was not paid.", number, exc_info=outcome)
            else:
                paid += 1
        self._clerk.shutdown()
        return paid

    async def _collect(self, order: Order) -> None:
        await asyncio.sleep(DINNER)
        await self._town.charge(order.number, self._menu.price(order.dish))

    def _note(self, order: Order) -> None:
        """Write one line. Paper is slow, so the clerk has a thread."""
        self._book[order.table].append(f"{order.number}: {order.dish}")
        self._metrics.count("book.lines")
