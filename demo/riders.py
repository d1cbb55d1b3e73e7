"""Take-away: riders who bring the food to the guest."""

from __future__ import annotations

import asyncio
import logging

from .metrics import Metrics
from .order import Order
from .town import Town

log = logging.getLogger(__name__)

COMPANIES = ("swift", "pedal", "comet")
RIDE = 0.8


class Riders:
    """Finds a rider for an order and keeps an eye on the ride."""

    def __init__(self, town: Town, metrics: Metrics) -> None:
        self._town = town
        self._metrics = metrics
        self._rides: dict[int, asyncio.Task[None]] = {}

    async def hire(self, order: Order) -> str:
        """Ask every company. The first to say yes gets the ride."""
        offers = [
            asyncio.create_task(self._town.book_rider(company, order.number))
            for company in COMPANIES
        ]
        done, _ = await asyncio.wait(offers, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

    def send_out(self, order: Order, company: str) -> None:
        """Hand the food over. The ride goes on while we cook."""
        self._metrics.count("riders.out")
        ride = asyncio.create_task(self._ride(order), name=f"{company}-{order.number}")
        self._rides[order.number] = ride
        ride.add_done_callback(self._came_back)

    def call_back(self, number: int) -> None:
        """The guest does not want it any more: turn round."""
        ride = self._rides.get(number)
        if ride is not None:
            ride.cancel()

    async def _ride(self, order: Order) -> None:
        await asyncio.sleep(RIDE)

    def _came_back(self, ride: asyncio.Task[None]) -> None:
        error = ride.exception()
        if error is not None:
            log.error("The ride %s went wrong.", ride.get_name(), exc_info=error)
        self._metrics.count("riders.back")
