"""How a failure that was injected is known again, wherever it is told."""

from __future__ import annotations

import typing

#: What every such failure says.
MARK = "injected by heard"


def is_injected(error: BaseException) -> bool:
    """Whether an exception is the one that was injected."""
    return any(isinstance(one, str) and MARK in one for one in error.args)


def carries(error: BaseException | None, depth: int = 0) -> bool:
    """Whether an exception is the one that was injected, or comes of it."""
    if error is None or depth > 20:
        return False
    if is_injected(error):
        return True
    others = (error.__cause__, error.__context__, *getattr(error, "exceptions", ()))
    return any(carries(other, depth + 1) for other in others)


def is_in(raised: dict[str, typing.Any] | None) -> bool:
    """The same of an exception in a record, as it is written as JSON."""
    if raised is None:
        return False
    others = (raised["cause"], raised["context"], *raised["exceptions"])
    return MARK in raised["message"] or any(map(is_in, others))
