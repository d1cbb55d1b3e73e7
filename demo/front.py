"""The front of the house: takes orders over HTTP."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time

from .guests import GuestBook
from .kitchen import Kitchen
from .menu import Menu
from .metrics import Metrics
from .notices import Notices
from .order import BadOrder, Order, read_order
from .request import BadRequest, Reply, Request, read_request, write_reply
from .riders import Riders
from .till import Till

log = logging.getLogger(__name__)

PAUSE = 0.2
TOO_LONG = 1.5


class Front:
    """Answers every order with "heard!", and tells everybody who must know."""

    def __init__(
        self,
        menu: Menu,
        guests: GuestBook,
        kitchen: Kitchen,
        till: Till,
        notices: Notices,
        riders: Riders,
        metrics: Metrics,
    ) -> None:
        self.orders: dict[int, Order] = {}
        self._menu = menu
        self._guests = guests
        self._kitchen = kitchen
        self._till = till
        self._notices = notices
        self._riders = riders
        self._metrics = metrics
        self._numbers = itertools.count(1)

    async def open(self) -> int:
        """Bind to a free port of this machine and return it."""
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def run(self) -> None:
        """Serve until cancelled."""
        watch = asyncio.create_task(self._watch_rail())
        async with self._server:
            await self._server.serve_forever()
        await watch

    async def _watch_rail(self) -> None:
        """Tell the log when an order waits too long."""
        while True:
            oldest = min(self._kitchen.since.values())
            if time.monotonic() - oldest > TOO_LONG:
                log.warning("An order waits too long.")
            self._metrics.count("rail.watched")
            await asyncio.sleep(PAUSE)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._metrics.count("requests.received")
            try:
                request = await asyncio.wait_for(read_request(reader), timeout=1)
                reply = await self._answer(request)
            except (BadOrder, BadRequest, asyncio.TimeoutError) as error:
                reply = Reply(400, str(error))
            await write_reply(writer, reply)
            self._metrics.count("requests.answered")
        finally:
            writer.close()
            await writer.wait_closed()

    async def _answer(self, request: Request) -> Reply:
        what = (request.method, request.path)
        if what == ("GET", "/menu"):
            return Reply(200, self._menu.card())
        if what == ("POST", "/orders"):
            return await self._take(read_order(next(self._numbers), request.body))
        number = request.path.rpartition("/")[2]
        order = self.orders.get(int(number)) if number.isdigit() else None
        if order is not None and request.method == "DELETE":
            return self._cancel(order)
        if order is not None and request.method == "POST":
            self._kitchen.send_back(order)
            return Reply(200, "heard! we cook it again")
        return Reply(404, "not here")

    def _cancel(self, order: Order) -> Reply:
        self._kitchen.cancel(order.number)
        self._riders.call_back(order.number)
        self._till.void(order.number)
        return Reply(200, "heard! we stop")

    async def _take(self, order: Order) -> Reply:
        if not self._guests.is_welcome(order.guest):
            return Reply(403, "not tonight")
        self._metrics.count("orders.taken")
        self.orders[order.number] = order
        self._guests.add_points(order.guest, 10)
        self._guests.greet(order)
        await self._kitchen.put(order)
        self._till.open_bill(order)
        asyncio.create_task(self._notices.send_receipt(order))
        if order.take_away:
            company = await self._riders.hire(order)
            self._riders.send_out(order, company)
        return Reply(201, "heard!")
