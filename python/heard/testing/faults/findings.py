"""What `heard check` finds, and which of it an injected failure shows."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import typing

from heard.record import Place
from heard.testing.faults.result import Result

#: Rules that name a handler: their place is where the failure ends, and not where the task is born.
HANDLERS = frozenset(
    {"muted-failure", "muted-callback", "swallowed-cancellation", "timeout-hides-failure", "bare-raise-outside-except"}
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """A finding of `heard check --output-format json`."""

    rule: str
    level: str
    message: str
    #: Absolute.
    path: str
    line: int
    column: int
    end_line: int
    fingerprint: str
    #: The places that the finding names besides, as path and line.
    trace: tuple[tuple[str, int], ...] = ()
    #: What would fail, where the finding names it, as path and line.
    witness: tuple[str, int] | None = None

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Finding:
        """The finding of what `dataclasses.asdict` makes of it."""
        trace = tuple((path, line) for path, line in data["trace"])
        fields: dict[str, typing.Any] = {**data, "trace": trace}
        fields["witness"] = tuple(data["witness"]) if data["witness"] else None
        return cls(**fields)

    def is_at(self, place: Place) -> bool:
        return place.path == self.path and self.line <= place.line <= self.end_line

    def names(self, place: Place) -> bool:
        """Whether it is one of the places of the finding, or of its trace."""
        return self.is_at(place) or (place.path, place.line) in self.trace


class NoFindings(Exception):
    """There are none, and the text says why."""


def read(text: str, root: str) -> list[Finding]:
    """The findings of a document. Raises `NoFindings` where it is none."""
    try:
        document = json.loads(text)
        return [_finding(one, root) for one in document["findings"]]
    except (ValueError, KeyError, TypeError) as error:
        raise NoFindings(f"this is no document of `heard check --output-format json`: {error!r}") from error


def _finding(data: dict[str, typing.Any], root: str) -> Finding:
    def absolute(path: str) -> str:
        return os.path.normpath(os.path.join(root, path))

    witness = data.get("witness")
    return Finding(
        **{name: data[name] for name in ("rule", "level", "message", "line", "column", "end_line", "fingerprint")},
        path=absolute(data["path"]),
        trace=tuple((absolute(step["path"]), step["line"]) for step in data["trace"]),
        witness=(absolute(witness["path"]), witness["line"]) if witness is not None else None,
    )


def check(root: str, form: str = "json") -> str:
    """What `heard check` says of a folder, in a format of its own: what the project's baseline has is so as well.

    Raises `NoFindings` where the program is not there, or fails.
    """
    from heard.launch.binary import find

    program = find() or shutil.which("heard")
    if program is None:
        raise NoFindings("the program heard, which checks the source, is not installed")
    command = [program, "check", "--output-format", form, "--level", "strict", "--no-baseline", "--exit-zero", "-q", "."]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError as error:
        raise NoFindings(f"{program} cannot be run: {error.strerror}") from error
    if not done.stdout.strip():
        raise NoFindings(f"{program} check: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def finding_of(result: Result, findings: list[Finding]) -> Finding | None:
    """What `heard check` finds at the place where a failure came to an end that nobody hears."""
    born = [Place(**place) for loss in result.losses for place in loss["born"]]
    places = [place for place in (*born, result.point.by, result.point.task) if place is not None]
    handled_at = result.handled_at
    for finding in findings:
        if finding.rule in HANDLERS and handled_at is not None and finding.is_at(handled_at):
            return finding
    for place in places:
        for finding in findings:
            if finding.rule not in HANDLERS and finding.names(place):
                return finding
    return None
