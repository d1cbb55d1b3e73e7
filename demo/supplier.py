"""The supplier: asked again and again what they can bring."""

from __future__ import annotations

import asyncio
import logging
from typing import Optional

from .metrics import Metrics
from .town import Town

log = logging.getLogger(__name__)

PAUSE = 0.15


class Supplier:
    """Keeps our view of stock and market prices fresh."""

    def __init__(self, town: Town, metrics: Metrics) -> None:
        self.stock = {"rice": 0, "flour": 0}
        self.prices: dict[str, int] = {}
        self._town = town
        self._metrics = metrics
        self._turn = 0
        self._poller: Optional[asyncio.Task[None]] = None

    def start(self) -> None:
        """Start asking."""
        self._poller = asyncio.create_task(self._poll())

    def stop(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()

    async def _poll(self) -> None:
        while True:
            self._turn += 1
            try:
                await asyncio.gather(self._read_stock(), self._read_prices())
            except ConnectionError:
                log.info("The supplier is busy, asking again soon.")
            await asyncio.sleep(PAUSE)

    async def _read_stock(self) -> None:
        bulletin = await self._town.bulletin(self._turn)
        for name, amount in bulletin.items():
            self.stock[name] += amount
        self._metrics.count("supplier.stock_read")

    async def _read_prices(self) -> None:
        self._metrics.count("supplier.prices_asked")
        self.prices = await self._town.market_prices(self._turn)
        self._metrics.count("supplier.prices_read")
