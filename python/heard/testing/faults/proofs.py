"""Verdicts on findings, as text, as JSON, and as properties of SARIF."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from collections.abc import Iterator

from heard.report.text import counted
from heard.testing.faults.findings import Finding, NoFindings
from heard.testing.faults.proof import Proof, Verdict
from heard.testing.faults.told import in_root, relative

_VERSION = 1
_ORDER: tuple[Verdict, ...] = ("proved", "heard", "not reached")
#: What to do about a finding that the tests disprove.
_WRONG = "the finding is wrong then: please report it with this line to the project heard, and the code around it"


@dataclasses.dataclass
class Told:
    """All verdicts on the findings below a folder."""

    root: str
    proofs: list[Proof]
    #: Tests that do not pass by themselves, with the reason. No failure was injected into them.
    unrepeatable: dict[str, str] = dataclasses.field(default_factory=dict)

    def count(self, verdict: Verdict) -> int:
        return sum(proof.verdict == verdict for proof in self.proofs)


def text(told: Told) -> str:
    """For a person: what is proved first."""
    return "".join(f"{line}\n" for line in _lines(told))


def _lines(told: Told) -> Iterator[str]:
    for proof in sorted(told.proofs, key=lambda proof: _ORDER.index(proof.verdict)):
        finding = proof.finding
        yield f"{proof.verdict}: {relative(finding.path, told.root)}:{finding.line}: [{finding.rule}] {finding.message}"
        label = "by" if proof.verdict == "heard" else "why"
        yield f"  {label:6} {proof.detail}"
        if proof.failure is not None and proof.point is not None:
            place = proof.point.place
            yield f"  {'with':6} {proof.failure} at {relative(place.path, told.root)}:{place.line} in {place.function}"
        if proof.test is not None:
            yield f"  {'test':6} {proof.test}"
        if proof.verdict == "heard":
            yield f"  {'so':6} {_WRONG}"
        yield ""
    for test, why in told.unrepeatable.items():
        yield f"no failure was injected into {test}, which does not pass by itself: {why}"
    counts = ", ".join(f"{told.count(verdict)} {verdict}" for verdict in _ORDER)
    yield f"{counted(len(told.proofs), 'finding')}: {counts}"


def document(told: Told) -> str:
    """As JSON, with paths relative to the root."""
    rows = [_as_dict(proof) for proof in told.proofs]
    counts = {verdict.replace(" ", "_"): told.count(verdict) for verdict in _ORDER}
    data = {"version": _VERSION, **counts, "unrepeatable": told.unrepeatable, "findings": rows}
    return json.dumps(in_root(data, told.root), indent=1, ensure_ascii=False) + "\n"


def _as_dict(proof: Proof) -> dict[str, typing.Any]:
    finding = {name: getattr(proof.finding, name) for name in ("rule", "level", "message", "path", "line", "column")}
    proved = {name: value for name, value in proof.as_dict().items() if name != "finding"}
    return finding | {"fingerprint": proof.finding.fingerprint} | proved


def sarif(told: Told, text: str) -> str:
    """The results of a SARIF log, each with the property `proof`. Raises `NoFindings` where it is none."""
    by_fingerprint = {proof.finding.fingerprint: proof for proof in told.proofs}
    try:
        log = json.loads(text)
        for run in log["runs"]:
            for result in run["results"]:
                proof = by_fingerprint.get(next(iter(result["partialFingerprints"].values()), ""))
                if proof is not None:
                    said = {"verdict": proof.verdict, "detail": proof.detail, "test": proof.test}
                    said |= {"failure": proof.failure} if proof.failure is not None else {}
                    result.setdefault("properties", {})["proof"] = said
    except (ValueError, KeyError, TypeError) as error:
        raise NoFindings(f"this is no SARIF of `heard check`: {error!r}") from error
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def of_sarif(text: str, root: str) -> list[Finding]:
    """The findings of a SARIF log that `heard check` has written. Raises `NoFindings` where it is none."""
    try:
        return [_of_result(result, root) for run in json.loads(text)["runs"] for result in run["results"]]
    except (ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        raise NoFindings(f"this is no SARIF of `heard check`: {error!r}") from error


def _of_result(result: dict[str, typing.Any], root: str) -> Finding:
    def place(location: dict[str, typing.Any]) -> tuple[str, dict[str, int]]:
        physical = location["physicalLocation"]
        return os.path.normpath(os.path.join(root, physical["artifactLocation"]["uri"])), physical["region"]

    path, region = place(result["locations"][0])
    steps = [
        place(step["location"])
        for flow in result.get("codeFlows", [])
        for thread in flow["threadFlows"]
        for step in thread["locations"]
    ]
    return Finding(
        rule=result["ruleId"],
        level=result.get("properties", {}).get("level", "default"),
        message=result["message"]["text"],
        path=path,
        line=region["startLine"],
        column=region["startColumn"],
        end_line=region.get("endLine", region["startLine"]),
        fingerprint=next(iter(result["partialFingerprints"].values())),
        trace=tuple((step, at["startLine"]) for step, at in steps),
    )
