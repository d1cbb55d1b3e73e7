"""What a guest asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass

DISHES = ("roast", "ramen", "curry", "pasta", "salad", "pie")


class BadOrder(ValueError):
    """The order cannot be read, or asks for something we do not cook."""


@dataclass(frozen=True)
class Order:
    """One dish for one guest."""

    number: int
    guest: str
    dish: str
    table: int
    email: str

    @property
    def take_away(self) -> bool:
        """Table 0 is the door: the dish goes out with a rider."""
        return self.table == 0


def read_order(number: int, body: bytes) -> Order:
    """Turn the JSON body of a request into an order."""
    try:
        fields = json.loads(body)
        order = Order(
            number=number,
            guest=str(fields["guest"]),
            dish=str(fields["dish"]),
            table=int(fields["table"]),
            email=str(fields["email"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadOrder(f"cannot read the order: {error}") from error
    if order.dish not in DISHES:
        raise BadOrder(f"we do not cook {order.dish}")
    return order
