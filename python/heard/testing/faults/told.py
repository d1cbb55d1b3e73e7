"""All results of a run as plain data, and what is counted of them."""

from __future__ import annotations

import dataclasses
import json
import os
import typing

from heard.record import Place
from heard.testing.faults.findings import Finding, finding_of
from heard.testing.faults.result import Result, Verdict

_VERSION = 1


@dataclasses.dataclass
class Told:
    """What came of all failures."""

    root: str
    results: list[Result] = dataclasses.field(default_factory=list)
    #: Tests that do not pass when they run alone, with the reason. Nothing was injected into them.
    unrepeatable: dict[str, str] = dataclasses.field(default_factory=dict)
    #: How many failures a limit has left out.
    left_out: int = 0
    #: What `heard check` finds. `None` where it could not be asked, for this reason.
    findings: list[Finding] | None = None
    no_findings: str = ""

    def count(self, verdict: Verdict) -> int:
        return sum(result.verdict == verdict for result in self.results)

    def add(self, other: dict[str, typing.Any]) -> None:
        """Takes in what a worker has found, as `as_dict` gives it."""
        self.results += [Result.from_dict(one) for one in other["results"]]
        self.unrepeatable |= other["unrepeatable"]
        self.left_out += other["left_out"]

    def settle(self) -> None:
        """Brings all into an order that depends on nothing but the tests, and finds what `heard check` says."""
        self.results.sort(key=lambda result: (result.point.order, result.test))
        for result in self.results:
            if result.verdict == "survived" and self.findings:
                finding = finding_of(result, self.findings)
                result.finding = finding.fingerprint if finding is not None else None

    def proved(self) -> list[Finding]:
        """The findings at which a failure survived."""
        fingerprints = {result.finding for result in self.results if result.finding is not None}
        return [finding for finding in self.findings or () if finding.fingerprint in fingerprints]

    def survivors(self) -> dict[tuple[typing.Any, ...], list[Result]]:
        """The failures that nobody heard: those at one point and of one end together."""
        groups: dict[tuple[typing.Any, ...], list[Result]] = {}
        for result in self.results:
            if result.verdict == "survived":
                groups.setdefault((result.point.order, result.detail), []).append(result)
        return groups

    def as_dict(self) -> dict[str, typing.Any]:
        return {
            "version": _VERSION,
            "heard": self.count("heard"),
            "survived": self.count("survived"),
            "not_reached": self.count("not reached"),
            "left_out": self.left_out,
            "unrepeatable": self.unrepeatable,
            "findings": len(self.findings) if self.findings is not None else None,
            "proved": [finding.fingerprint for finding in self.proved()],
            "results": [result.as_dict() for result in self.results],
        }

    def document(self) -> str:
        """The same as JSON, with paths relative to the root."""
        return json.dumps(in_root(self.as_dict(), self.root), indent=1, ensure_ascii=False) + "\n"

    def shown(self, place: Place) -> str:
        return f"{relative(place.path, self.root)}:{place.line}"


def relative(path: str, root: str) -> str:
    return path.removeprefix(root + os.sep).replace(os.sep, "/") if path.startswith(root + os.sep) else path


def in_root(data: typing.Any, root: str) -> typing.Any:
    """Plain data with all that stands under `path` relative to the root."""
    if isinstance(data, dict):
        return {
            key: relative(value, root) if key == "path" and isinstance(value, str) else in_root(value, root)
            for key, value in data.items()
        }
    return [in_root(one, root) for one in data] if isinstance(data, list | tuple) else data
