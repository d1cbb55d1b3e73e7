"""What really happened tonight, counted while it happened."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

from . import front, metrics, supplier
from .guests import BARRED
from .house import CHECKS, House
from .notices import BOARDS
from .order import DISHES
from .town import ALLERGENS

Row = Tuple[str, int, int]
MONEY = re.compile(r"\d+\.\d\d EUR$")


def rows(house: House) -> Iterator[Row]:
    """Each row: what, how many there should be, how many there are."""
    count = house.metrics
    orders = house.front.orders.values()
    taken = count["orders.taken"]
    rides = sum(order.take_away for order in orders)
    receipts = [letter for letter in house.town.letters if letter.startswith("Receipt")]
    allergens = house.menu.allergens
    seconds = house.seconds_open

    yield "requests answered", count["requests.received"], count["requests.answered"]
    yield "orders charged", taken - count["orders.cancelled"], len(house.town.charged)
    yield "safety checks passed", len(CHECKS), count["checks.passed"]
    yield "dishes with a price", len(DISHES), len(house.menu.prices)
    yield "dishes with the right allergens", len(DISHES), sum(
        allergens[dish] == ALLERGENS[dish] for dish in DISHES
    )
    yield "boards with today's special", len(BOARDS), count["boards.pinned"]
    yield "orders from barred guests", 0, sum(order.guest in BARRED for order in orders)
    yield "orders cooked", taken - count["orders.cancelled"], count["orders.cooked"]
    yield "cancelled orders stopped", count["orders.cancelled"], count["orders.stopped"]
    yield "orders cooked again", count["orders.sent_back"], count["orders.started"] - taken
    yield "plates carried", count["orders.cooked"], count["plates.carried"]
    yield "receipts sent", taken, count["receipts.sent"]
    yield "receipts with a total", len(receipts), sum(
        bool(MONEY.search(letter)) for letter in receipts
    )
    yield "welcome cards sent", count["cards.due"], count["cards.sent"]
    yield "points given", taken * 10, sum(house.guests.points.values())
    yield "lines in the tax book", taken, count["book.lines"]
    yield "bills counted as paid", len(house.town.charged), count["bills.paid"]
    yield "riders who came", rides, len(house.town.riders)
    yield "riders who signed off", count["riders.out"], count["riders.back"]
    yield "fridge readings noted", count["fridge.readings"], count["fridge.noted"]
    yield "alarms answered", count["alarms.raised"], count["alarms.answered"]
    yield "rounds of asking the supplier", turns(seconds, supplier.PAUSE), count["supplier.prices_asked"]
    yield "looks at the rail", turns(seconds, front.PAUSE), count["rail.watched"]
    yield "pushes to the collector", turns(seconds, metrics.PAUSE), count["metrics.pushed"]
    yield "reports to the owner", 1, count["takings.sent"]


def turns(seconds: float, pause: float) -> int:
    """How often a loop comes round, when a turn is its pause and a moment."""
    return int(seconds / (pause + 0.05))


def tell(house: House) -> str:
    """The rows as a table."""
    lines = [f"{'What really happened':34} should be    is"]
    wrong = 0
    for what, wanted, happened in rows(house):
        mark = ""
        if wanted != happened:
            mark = "  <-"
            wrong += 1
        lines.append(f"  {what:32} {wanted:9} {happened:5}{mark}")
    lines.append(f"{wrong} things went wrong. The log is cheerful, the exit code is 0.")
    return "\n".join(lines)
