"""A few hungry people, so that the service has something to do."""

from __future__ import annotations

import asyncio
import json

# Guest, dish, table (0 is take-away), mail address.
EVENING = (
    ("ada", "roast", 0, "ada@example.com"),
    ("bo", "ramen", 1, "bo@example.com"),
    ("cleo", "pie", 2, "cleo"),
    ("mallory", "curry", 3, "mallory@example.com"),
    ("dan", "pasta", 0, "dan at home"),
    ("eve", "salad", 4, "eve@example.com"),
    ("finn", "pie", 5, "finn.example.com"),
    ("gus", "curry", 6, "gus@example.com"),
    ("hana", "unicorn", 7, "hana@example.com"),
    ("bo", "pie", 1, "bo@example.com"),
    ("ivy", "ramen", 0, "ivy"),
    ("jo", "salad", 8, "jo@example.com"),
)


class Customer:
    """Speaks to the service the way any client would."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def dine(self) -> None:
        """Read the menu, order one by one, have second thoughts at two tables."""
        menu = await self._ask("GET", "/menu")
        print(f"{len(menu.splitlines())} dishes are on the menu tonight.")
        for guest, dish, table, email in EVENING:
            order = {"guest": guest, "dish": dish, "table": table, "email": email}
            answer = await self._ask("POST", "/orders", json.dumps(order))
            print(f"  {guest:8} {dish:8} {answer}")
        async with asyncio.TaskGroup() as group:
            cancelled = group.create_task(self._ask("DELETE", "/orders/1"))
            returned = group.create_task(self._ask("POST", "/orders/6"))
        print(f"  {'ada':8} {'(cancel)':8} {cancelled.result()}")
        print(f"  {'eve':8} {'(cold)':8} {returned.result()}")

    async def _ask(self, method: str, path: str, body: str = "") -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            data = body.encode()
            head = f"{method} {path} HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n"
            writer.write(head.encode("latin-1") + data)
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
        return answer.decode().partition("\r\n\r\n")[2]
