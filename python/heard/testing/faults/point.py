"""A place where a failure can come."""

from __future__ import annotations

import dataclasses
import typing

from heard.record import Place

#: A task starts, a coroutine is awaited by the program, something that is awaited suspends, or a function is called
#: that is none of async's, in a thread or by the loop, or a line runs.
Kind = typing.Literal["task", "call", "await", "function", "line"]


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """The first time that a test comes by here, the failure is raised."""

    kind: Kind
    #: The line that fails: the first one of a function, that of an `await`, or another.
    place: Place
    #: The instruction that fails, as offset in the function's code, since a line may have several. 0 for a start.
    offset: int = 0
    #: Who awaits the coroutine, or where its task was born. `None` where no code of the program's did that.
    by: Place | None = None
    #: Where the task was born in which it runs.
    task: Place | None = None

    def as_dict(self) -> dict[str, typing.Any]:
        """What is written as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Point:
        fields = dict(data)
        for name in ("place", "by", "task"):
            fields[name] = Place(**data[name]) if data[name] is not None else None
        return cls(**fields)

    @property
    def order(self) -> tuple[str | int, ...]:
        """Sorts points by file and line."""
        others = (self.place, self.by, self.task)
        lines = [part for place in others for part in ((place.path, place.line) if place is not None else ("", 0))]
        return (*lines, self.offset, self.kind)
