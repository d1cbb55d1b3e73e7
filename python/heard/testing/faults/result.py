"""What came of a failure that was injected."""

from __future__ import annotations

import dataclasses
import typing

from heard.record import Place
from heard.testing.faults.hearing import Heard
from heard.testing.faults.mark import is_in
from heard.testing.faults.point import Point

#: Somebody heard it; nobody did; or the test did not come by the point this time.
Verdict = typing.Literal["heard", "survived", "not reached"]


@dataclasses.dataclass
class Ran:
    """One run of a test in isolation."""

    #: Whether it has passed, apart from what it has lost.
    passed: bool
    #: Seconds.
    duration: float = 0.0
    #: The points that it came by, where these were asked for.
    points: list[Point] = dataclasses.field(default_factory=list)
    #: Whether the failure came.
    came: bool = False
    heard: list[Heard] = dataclasses.field(default_factory=list)
    #: Records of what it lost, as they are written as JSON.
    losses: list[dict[str, typing.Any]] = dataclasses.field(default_factory=list)
    #: Where the failure was handled last.
    handled_at: Place | None = None
    #: Why it failed, the last line.
    error: str = ""
    #: The lines that it came by, of those that were asked for.
    lines: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    #: Work that a line has to do with: the line, by path, and where a task was born that its function waits for or has.
    work: list[tuple[str, int, Place]] = dataclasses.field(default_factory=list)
    #: The lines that were asked for whose function has the failure, or work that has ended with it.
    touched: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    #: Where tasks were born that ended in another order than they began.
    disordered: list[Place] = dataclasses.field(default_factory=list)
    #: Where tasks were born that ran on when the coroutine that had started them was over.
    left: list[Place] = dataclasses.field(default_factory=list)
    #: Whether asyncio's logger said nothing of errors when the test was over.
    is_silenced: bool = False

    def as_dict(self) -> dict[str, typing.Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Ran:
        points = [Point.from_dict(one) for one in data["points"]]
        heard = [Heard(**one) for one in data["heard"]]
        handled_at = Place(**data["handled_at"]) if data["handled_at"] is not None else None
        lines = [(path, line) for path, line in data["lines"]]
        more: dict[str, typing.Any] = {name: [Place(**one) for one in data[name]] for name in ("disordered", "left")}
        more["work"] = [(path, line, Place(**place)) for path, line, place in data["work"]]
        more["touched"] = [(path, line) for path, line in data["touched"]]
        more |= {"points": points, "heard": heard, "handled_at": handled_at, "lines": lines}
        fields: dict[str, typing.Any] = {**data, **more}
        return cls(**fields)


@dataclasses.dataclass
class Result:
    """One failure, injected into one test."""

    test: str
    point: Point
    #: The exception, or what else was injected.
    failure: str
    verdict: Verdict
    #: Who heard it, or why nobody did, in a few words.
    detail: str
    #: The records of what was lost, where it survived.
    losses: list[dict[str, typing.Any]] = dataclasses.field(default_factory=list)
    handled_at: Place | None = None
    #: What `heard check` finds at the same place, by fingerprint.
    finding: str | None = None

    @classmethod
    def of(cls, test: str, point: Point, failure: str, ran: Ran) -> Result:
        """Judges a run."""
        if not ran.came:
            return cls(test, point, failure, "not reached", "the test did not come by here this time")
        if ran.heard:
            return cls(test, point, failure, "heard", ran.heard[0].detail)
        mine = [loss for loss in ran.losses if is_in(loss["exception"])]
        if mine:
            detail = f"lost: {mine[0]['why'] or mine[0]['event']}"
        elif ran.handled_at is not None:
            place = ran.handled_at
            detail = f"swallowed in {place.function}, line {place.line}"
        else:
            detail = "swallowed: nobody looks at it"
        return cls(test, point, failure, "survived", detail, mine, ran.handled_at)

    def as_dict(self) -> dict[str, typing.Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Result:
        handled_at = Place(**data["handled_at"]) if data["handled_at"] is not None else None
        fields: dict[str, typing.Any] = {**data, "point": Point.from_dict(data["point"]), "handled_at": handled_at}
        return cls(**fields)
