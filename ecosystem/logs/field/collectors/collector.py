"""What a collector is, and the pieces of which most are made."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ..running import Seen


@dataclass(frozen=True)
class Collector:
    """How a collector writes lines."""

    name: str
    #: Whether its own times are `full`, a `part`, or `none`.
    time: str
    write: Callable[[list[Seen]], bytes]
    #: How many times it tells each line.
    times: int = 1


def each(form: Callable[[str, datetime], str], end: str = "\n") -> Callable[[list[Seen]], bytes]:
    """Each line for itself."""
    return lambda lines: "".join(form(line.text, line.at) + end for line in lines).encode()


def objects(form: Callable[[str, datetime], object]) -> Callable[[list[Seen]], bytes]:
    """Each line in an object of JSON."""
    return each(lambda text, at: json.dumps(form(text, at)))


def iso(at: datetime, digits: int = 6) -> str:
    """To so many digits, without a zone."""
    whole, _, fraction = at.replace(tzinfo=None).isoformat(timespec="microseconds").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')[:digits]}" if digits else whole


def epoch(at: datetime) -> int:
    """In milliseconds."""
    return int(at.timestamp() * 1000)


def joined(lines: Iterable[Seen], end: str = "\n") -> str:
    """All lines as one text."""
    return "".join(line.text + end for line in lines)
