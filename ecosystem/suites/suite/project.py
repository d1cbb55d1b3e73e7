"""The files in `projects`: a project, how its tests are run, and the records that are expected, with judgements."""

from __future__ import annotations

import dataclasses
import enum
import json
import tomllib
import typing
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "projects"


class Judgement(enum.StrEnum):
    #: The failure is lost, in the project or in a test that means to lose it.
    LOSS = "loss"
    #: True as a statement, and of no weight: a loss is meant, or cannot do harm.
    HARMLESS = "harmless"
    #: The failure is heard, or there is none.
    FALSE = "false"
    UNJUDGED = "unjudged"


@dataclasses.dataclass(frozen=True)
class Shape:
    """What records have in common that are about the same."""

    event: str
    rule: str
    verdict: str
    #: The type of the exception.
    exception: str
    coroutine: str
    #: The file and the function where it is born, as far as it is a file of the project or of a dependency.
    born: str


@dataclasses.dataclass(frozen=True)
class Record:
    """Records of a shape, and what they are worth."""

    shape: Shape
    count: int
    judgement: Judgement = Judgement.UNJUDGED
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Test:
    """A test that passes plainly and that the pytest plugin fails, and what that is worth."""

    name: str
    judgement: Judgement = Judgement.UNJUDGED
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Project:
    """What one file says."""

    #: The stem of the file, the name on the command line.
    name: str
    #: The source distribution.
    requirement: str
    sdist: str
    sha256: str
    #: What its tests need, pinned.
    needs: tuple[str, ...]
    #: What pytest is called with.
    arguments: tuple[str, ...]
    #: Tests that are left out, and why.
    left_out: str = ""
    records: tuple[Record, ...] = ()
    failed_by_plugin: tuple[Test, ...] = ()


def read(folder: Path = FOLDER) -> list[Project]:
    """All projects, in the order of their names."""
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]


def parse(name: str, text: str) -> Project:
    """The project of a file."""
    told = tomllib.loads(text)
    records = tuple(
        Record(
            Shape(**{field.name: one.get(field.name, "") for field in dataclasses.fields(Shape)}),
            one["count"],
            Judgement(one["judgement"]),
            one.get("why", ""),
        )
        for one in told.pop("record", [])
    )
    tests = tuple(
        Test(one["name"], Judgement(one["judgement"]), one.get("why", "")) for one in told.pop("failed-by-plugin", [])
    )
    lists: dict[str, typing.Any] = {key: tuple(told.pop(key, ())) for key in ("needs", "arguments")}
    return Project(name=name, records=records, failed_by_plugin=tests, **lists, **told)


def write(project: Project, folder: Path = FOLDER) -> None:
    """Writes the file of a project."""
    (folder / f"{project.name}.toml").write_text(text_of(project), encoding="utf-8")


def text_of(project: Project) -> str:
    """The file of a project."""
    lines = [f"{key} = {json.dumps(getattr(project, key))}" for key in ("requirement", "sdist", "sha256")]
    for key in ("needs", "arguments"):
        lines.append(f"{key} = [")
        lines += [f"    {json.dumps(one)}," for one in getattr(project, key)]
        lines.append("]")
    if project.left_out:
        lines.append(f"left_out = {json.dumps(project.left_out)}")
    for record in sorted(project.records, key=lambda record: dataclasses.astuple(record.shape)):
        lines += ["", "[[record]]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in dataclasses.asdict(record.shape).items() if value]
        lines += [f"count = {record.count}", f'judgement = "{record.judgement}"']
        if record.why:
            lines.append(f"why = {json.dumps(record.why, ensure_ascii=False)}")
    for test in sorted(project.failed_by_plugin, key=lambda test: test.name):
        lines += ["", "[[failed-by-plugin]]", f"name = {json.dumps(test.name)}", f'judgement = "{test.judgement}"']
        if test.why:
            lines.append(f"why = {json.dumps(test.why, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def merged(project: Project, found: dict[Shape, int]) -> Project:
    """The project with the records that were found; those that are known keep their judgements."""
    known = {record.shape: record for record in project.records}
    records = tuple(
        dataclasses.replace(known[shape], count=count) if shape in known else Record(shape, count)
        for shape, count in found.items()
    )
    return dataclasses.replace(project, records=records)


def merged_tests(project: Project, failed: Iterable[str]) -> Project:
    """The project with the tests that the plugin fails; those that are known keep their judgements."""
    known = {test.name: test for test in project.failed_by_plugin}
    return dataclasses.replace(project, failed_by_plugin=tuple(known.get(name, Test(name)) for name in failed))
