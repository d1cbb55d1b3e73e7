"""The number by which the interpreter's events know us. There are six, shared with debuggers and coverage."""

from __future__ import annotations

import sys

NAME = "heard"
#: Those that are reserved for nobody, and then those that are rarely taken.
_NUMBERS = (4, 3, 5, 2)

_users = 0


def take() -> int | None:
    """Our number, for another user of it. `None` if the interpreter is too old, or all are taken."""
    global _users
    if sys.version_info < (3, 12):
        return None
    monitoring = sys.monitoring
    if _users:
        number = next((number for number in _NUMBERS if monitoring.get_tool(number) == NAME), None)
        if number is not None:
            _users += 1
        return number
    for number in _NUMBERS:
        try:
            monitoring.use_tool_id(number, NAME)
        except ValueError:
            continue
        _users = 1
        return number
    return None


def give_back(number: int) -> None:
    """The last user gives the number back."""
    global _users
    _users -= 1
    if sys.version_info >= (3, 12) and _users == 0 and sys.monitoring.get_tool(number) == NAME:
        sys.monitoring.free_tool_id(number)
