"""One evening in the restaurant: ``python -m demo``."""

from __future__ import annotations

import argparse
import asyncio

from .customer import Customer
from .house import House
from .logbook import open_logbook
from .truth import tell


async def evening(house: House) -> None:
    """Open, serve a few guests, close."""
    port = await house.open()
    print(f"The kitchen is open on http://127.0.0.1:{port}")
    await Customer(port).dine()
    paid = await house.close()
    print(f"{paid} bills are paid, the kitchen is closed. A fine evening!")
    asyncio.create_task(house.notices.send_takings(paid))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--truth", action="store_true", help="say at the end what really happened"
    )
    arguments = parser.parse_args()
    open_logbook()
    house = House()
    asyncio.run(evening(house))
    if arguments.truth:
        print()
        print(tell(house))


if __name__ == "__main__":
    main()
