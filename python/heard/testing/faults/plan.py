"""Which failures are injected, and in which order, where there is no time for all."""

from __future__ import annotations

from heard.testing.faults.point import Point

#: A test by its identifier, and a point that it comes by.
Step = tuple[str, Point]


def steps(points: dict[str, list[Point]]) -> list[Step]:
    """The first test at each point comes first, and then all others, so that a limit leaves out what says least.

    Both parts are in the order of the tests, and of the points as a test comes by them.
    """
    first: list[Step] = []
    others: list[Step] = []
    seen: set[Point] = set()
    for test, passed in points.items():
        for point in dict.fromkeys(passed):
            (others if point in seen else first).append((test, point))
            seen.add(point)
    return first + others
