"""The house: builds all parts, opens in the evening and closes at night."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from .fridge import Fridge
from .front import Front
from .guests import GuestBook
from .kitchen import Kitchen
from .menu import Menu
from .metrics import Metrics
from .notices import Notices
from .riders import Riders
from .supplier import Supplier
from .till import Till
from .town import Town

log = logging.getLogger(__name__)

CHECKS = ("gas", "water", "extinguisher")


class House:
    """Owns every part of the service, and its beginning and end."""

    def __init__(self) -> None:
        self.town = Town()
        self.metrics = Metrics(self.town)
        self.menu = Menu(self.town)
        self.guests = GuestBook(self.town, self.metrics)
        self.kitchen = Kitchen(self.metrics)
        self.till = Till(self.menu, self.town, self.metrics)
        self.notices = Notices(self.till, self.town, self.metrics)
        self.riders = Riders(self.town, self.metrics)
        self.supplier = Supplier(self.town, self.metrics)
        self.fridge = Fridge(self.town, self.metrics)
        self.front = Front(
            menu=self.menu,
            guests=self.guests,
            kitchen=self.kitchen,
            till=self.till,
            notices=self.notices,
            riders=self.riders,
            metrics=self.metrics,
        )
        self.seconds_open = 0.0

    async def open(self) -> int:
        """Get everything ready, then open the door. Returns the port."""
        await self._inspect()
        await self.menu.warm_up()
        await self.menu.read_allergens()
        await self.notices.announce("ramen")
        self.supplier.start()
        self.fridge.start()
        port = await self.front.open()
        self._staff = [
            asyncio.create_task(self.kitchen.work(), name="kitchen"),
            asyncio.create_task(self.metrics.report(), name="metrics"),
            asyncio.create_task(self.front.run(), name="front"),
        ]
        self._opened = time.monotonic()
        return port

    async def close(self) -> int:
        """Let the guests finish, then send the staff home. Returns the bills paid."""
        await self.kitchen.finish()
        paid = await self.till.close_day()
        self.metrics.count("bills.paid", paid)
        self.supplier.stop()
        await self.fridge.stop()
        self.seconds_open = time.monotonic() - self._opened
        for task in self._staff:
            task.cancel()
        for task in self._staff:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return paid

    async def _inspect(self) -> None:
        """Nothing opens before the checks are through. Slow ones are given up."""
        checks = [asyncio.create_task(self._check(thing)) for thing in CHECKS]
        _, late = await asyncio.wait(checks, timeout=0.5)
        for check in late:
            check.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        log.info("The inspection is over, %d checks were late.", len(late))

    async def _check(self, thing: str) -> None:
        await self.town.inspect(thing)
        self.metrics.count("checks.passed")
