"""Everything outside the door: mail, bank, suppliers, riders.

A stand-in, so that the service runs anywhere and always the same way.
Like any town, it has good days and bad ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter

PRICES = {"roast": 1890, "ramen": 1250, "curry": 1120, "pasta": 990}
ALLERGENS = {
    "roast": "celery, mustard",
    "ramen": "soy, egg",
    "curry": "peanut",
    "pasta": "gluten, milk",
    "salad": "nuts",
    "pie": "milk, hazelnut, egg",
}
BULLETINS = {1: {"rice": 20, "flour": 10}, 3: {"rice": 5, "saffron": 1}}


class Town:
    """The services we depend on. Each of them may refuse."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.charged: dict[int, int] = {}
        self.riders: list[str] = []
        self._pushes = 0

    async def mail(self, address: str, text: str) -> None:
        await asyncio.sleep(0.02)
        if "@" not in address:
            raise ConnectionError(f"no mailbox {address!r}")
        self.letters.append(text)

    async def charge(self, number: int, cents: int) -> None:
        await asyncio.sleep(0.02)
        self.charged[number] = cents

    async def price(self, dish: str) -> int:
        """The price list is kept by a very old machine."""
        await asyncio.sleep(0.02)
        if dish not in PRICES:
            raise LookupError(f"no price for {dish}")
        return PRICES[dish]

    async def allergens(self, dish: str) -> str:
        """The longer the list, the longer it takes."""
        text = ALLERGENS[dish]
        await asyncio.sleep(len(text) / 200)
        return text

    async def book_rider(self, company: str, number: int) -> str:
        """A rider who has been asked comes, unless told otherwise in time."""
        await asyncio.sleep({"swift": 0.01, "pedal": 0.03, "comet": 0.05}[company])
        self.riders.append(f"{company} for {number}")
        return company

    async def pin(self, board: str, text: str) -> None:
        await asyncio.sleep(0.01)
        if board in ("station", "library"):
            raise PermissionError(f"the {board} wants a new token")

    async def bulletin(self, turn: int) -> Counter[str]:
        """What the supplier can bring."""
        await asyncio.sleep(0.01)
        if turn == 2:
            raise ConnectionError("the supplier does not pick up")
        return Counter(BULLETINS.get(turn, {}))

    async def market_prices(self, turn: int) -> dict[str, int]:
        await asyncio.sleep(0.02)
        if turn == 2:
            raise ConnectionError("the market is closed")
        return {"rice": 210 + turn, "flour": 90 + turn}

    async def inspect(self, thing: str) -> None:
        await asyncio.sleep(0.01)
        if thing == "extinguisher":
            raise RuntimeError("the extinguisher is empty")

    async def call_technician(self, degrees: float) -> None:
        await asyncio.sleep(0.01)
        raise ConnectionError(f"nobody answers about {degrees} degrees")

    async def collect(self, counts: dict[str, int]) -> None:
        await asyncio.sleep(0.01)
        self._pushes += 1
        if self._pushes == 2:
            raise ConnectionError("the collector is restarting")
