"""Who our guests are, and how we treat them."""

from __future__ import annotations

import asyncio
from collections import Counter

from .metrics import Metrics
from .order import Order
from .town import Town

BARRED = frozenset({"mallory"})


class GuestBook:
    """Remembers the guests: who is welcome, and who has how many points."""

    def __init__(self, town: Town, metrics: Metrics) -> None:
        self.points: Counter[str] = Counter()
        self._town = town
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._cards: dict[str, asyncio.Task[None]] = {}

    async def is_welcome(self, guest: str) -> bool:
        """Some people have broken too many plates."""
        async with self._lock:
            return guest not in BARRED

    async def add_points(self, guest: str, points: int) -> None:
        """Ten points are a free coffee."""
        async with self._lock:
            self.points[guest] += points

    def greet(self, order: Order) -> None:
        """Send a card to a guest who is here for the first time."""
        if order.guest in self._cards:
            return
        self._metrics.count("cards.due")
        card = asyncio.create_task(self._send_card(order))
        card.add_done_callback(_settle)
        self._cards[order.guest] = card

    async def _send_card(self, order: Order) -> None:
        await self._town.mail(order.email, f"Welcome, {order.guest}!")
        self._metrics.count("cards.sent")


def _settle(card: asyncio.Task[None]) -> None:
    """Fetch the outcome, or asyncio complains when the card is thrown away."""
    if not card.cancelled():
        card.exception()
