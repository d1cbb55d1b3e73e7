"""The files in `packages`: a pinned package, and the findings that are expected in it, with judgements."""

import json
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
FOLDER = HERE / "packages"

Values = dict[str, str | tuple[str, ...]]


class Judgement(StrEnum):
    TRUE = "true"
    FALSE = "false"
    DEBATABLE = "debatable"
    UNJUDGED = "unjudged"


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    level: str
    message: str
    # Stays the same when the code around it or the message changes; unique within the file and its rule.
    fingerprint: str


@dataclass(frozen=True)
class Judged:
    finding: Finding
    judgement: Judgement = Judgement.UNJUDGED
    why: str = ""


@dataclass(frozen=True)
class Expected:
    """What one file says."""

    # The stem of the file, the name on the command line.
    name: str
    requirement: str
    # The wheel; its name says for which Python and platform it is.
    wheel: str
    sha256: str
    # What goes wrong, and is known to.
    trouble: tuple[str, ...] = ()
    findings: tuple[Judged, ...] = ()


def read(folder: Path = FOLDER) -> list[Expected]:
    """All packages, in the order of their names."""
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]


def write(expected: Expected, folder: Path = FOLDER) -> None:
    (folder / f"{expected.name}.toml").write_text(text(expected), encoding="utf-8")


def parse(name: str, content: str) -> Expected:
    data = tomllib.loads(content)
    findings = tuple(judged(entry) for entry in data.pop("finding", []))
    return Expected(name, findings=findings, trouble=tuple(data.pop("trouble", [])), **data)


def judged(entry: dict[str, Any]) -> Judged:
    path, _, line = entry["at"].rpartition(":")
    keys = ("rule", "level", "message", "fingerprint")
    finding = Finding(path, int(line), **{key: entry[key] for key in keys})
    return Judged(finding, Judgement(entry["judgement"]), entry["why"])


def text(expected: Expected) -> str:
    """The file; its findings are in the order of their places."""
    head: Values = {"requirement": expected.requirement, "wheel": expected.wheel, "sha256": expected.sha256}
    if expected.trouble:
        head["trouble"] = expected.trouble
    findings = sorted(expected.findings, key=lambda one: (one.finding.path, one.finding.line, one.finding.rule))
    return lines(head) + "".join("\n[[finding]]\n" + lines(table(one)) for one in findings)


def table(one: Judged) -> Values:
    finding = one.finding
    return {
        "at": f"{finding.path}:{finding.line}",
        "rule": finding.rule,
        "level": finding.level,
        "message": finding.message,
        "judgement": one.judgement,
        "why": one.why,
        "fingerprint": finding.fingerprint,
    }


def lines(values: Values) -> str:
    # What JSON has for strings and lists is TOML too, but for this character.
    quoted = {key: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for key, value in values.items()}
    return "".join(f"{key} = {value}\n" for key, value in quoted.items())
