"""What we tell the world: receipts, and today's special."""

from __future__ import annotations

import asyncio
import logging

from .metrics import Metrics
from .order import Order
from .till import Till
from .town import Town

log = logging.getLogger(__name__)

OWNER = "owner@example.com"
BOARDS = ("market", "station", "library", "harbour")


class Notices:
    """Sends mail to guests and pins notes to the boards in town."""

    def __init__(self, till: Till, town: Town, metrics: Metrics) -> None:
        self._till = till
        self._town = town
        self._metrics = metrics

    async def send_receipt(self, order: Order) -> None:
        """Mail the receipt for one order."""
        total = self._till.total(order)
        text = f"Receipt {order.number}, {order.dish}: {total}"
        await self._town.mail(order.email, text)
        self._metrics.count("receipts.sent")

    async def announce(self, dish: str) -> None:
        """Pin today's special to every board."""
        text = f"Tonight: {dish}!"
        notes = [self._pin(board, text) for board in BOARDS]
        results = await asyncio.gather(*notes, return_exceptions=True)
        log.info("Today's special is on %d boards.", len(results))

    async def send_takings(self, paid: int) -> None:
        """Tell the owner how the evening went."""
        await self._town.mail(OWNER, f"{paid} bills paid tonight")
        self._metrics.count("takings.sent")

    async def _pin(self, board: str, text: str) -> None:
        await self._town.pin(board, text)
        self._metrics.count("boards.pinned")
