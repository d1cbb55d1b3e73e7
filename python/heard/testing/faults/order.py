"""What one run of a test is to do."""

from __future__ import annotations

import dataclasses
import typing

from heard.testing.faults.point import Point


@dataclasses.dataclass(frozen=True)
class Order:
    #: Where failures come: none for a run of the test as it is.
    points: tuple[Point, ...] = ()
    failure: str = ""
    #: The names of functions that are none of async's, and are points all the same.
    functions: frozenset[str] = frozenset()
    #: Lines, by path, that are points as well.
    lines: frozenset[tuple[str, int]] = frozenset()
    #: Lines, by path, of which it is told whether the test comes by.
    asked: frozenset[tuple[str, int]] = frozenset()

    def as_dict(self) -> dict[str, typing.Any]:
        return {
            "points": [point.as_dict() for point in self.points],
            "failure": self.failure,
            "functions": sorted(self.functions),
            "lines": sorted(self.lines),
            "asked": sorted(self.asked),
        }

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Order:
        return cls(
            tuple(Point.from_dict(one) for one in data["points"]),
            data["failure"],
            frozenset(data["functions"]),
            frozenset((path, line) for path, line in data["lines"]),
            frozenset((path, line) for path, line in data["asked"]),
        )
