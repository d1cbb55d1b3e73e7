"""What is asked of `pytest --heard-inject`."""

from __future__ import annotations

import dataclasses
import pathlib
import tomllib
import typing

from heard.testing.faults.scope import Scope


@dataclasses.dataclass(frozen=True)
class Inject:
    scope: Scope
    #: What is injected: see `exception_of`.
    failure: str = "ConnectionError"
    #: The most failures.
    limit: int | None = None
    #: The most seconds for all.
    time: float | None = None
    #: Whether each run of a test has a process of Python's of its own, and not a fork.
    fresh: bool = False
    #: The functions that hear, by what the project says.
    handlers: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, typing.Any]:
        return dataclasses.asdict(self) | {"handlers": sorted(self.handlers)}

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Inject:
        scope = Scope(data["scope"]["root"], tuple(data["scope"]["select"]))
        fields: dict[str, typing.Any] = {**data, "scope": scope, "handlers": frozenset(data["handlers"])}
        return cls(**fields)


def handlers_of(root: pathlib.Path) -> frozenset[str]:
    """`handled-by` of the project's settings. What cannot be read says nothing: `heard check` complains of it."""
    found: set[str] = set()
    for name, keys in (("heard.toml", ()), ("pyproject.toml", ("tool", "heard"))):
        try:
            table: typing.Any = tomllib.loads((root / name).read_text(encoding="utf-8"))
            for key in keys:
                table = table[key]
            found.update(one for one in table["handled-by"] if isinstance(one, str))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return frozenset(found)
