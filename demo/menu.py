"""What we cook, what it costs, and what is in it."""

from __future__ import annotations

import asyncio
import logging

from .order import DISHES
from .town import Town

log = logging.getLogger(__name__)


class Menu:
    """A cache over the price list and the allergen list. Warm it before opening."""

    def __init__(self, town: Town) -> None:
        self.prices: dict[str, int] = {}
        self.allergens: dict[str, str] = {}
        self._town = town

    async def warm_up(self) -> None:
        """Load all prices at once. One slow dish must not hold up the others."""
        await asyncio.gather(*(self._load_price(dish) for dish in DISHES), return_exceptions=True)
        log.info("The menu is warm.")

    async def read_allergens(self) -> None:
        """Load the allergens, taking them as they arrive."""
        lookups = [self._town.allergens(dish) for dish in DISHES]
        for dish, lookup in zip(DISHES, asyncio.as_completed(lookups)):
            self.allergens[dish] = await lookup

    def price(self, dish: str) -> int:
        """The price in cents."""
        return self.prices.get(dish, 0)

    def card(self) -> str:
        """The menu as a guest reads it."""
        return "\n".join(f"{dish}: {self.allergens.get(dish, 'ask us')}" for dish in DISHES)

    async def _load_price(self, dish: str) -> None:
        self.prices[dish] = await self._town.price(dish)
