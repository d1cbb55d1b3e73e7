"""A whole program: its strands, the way its loop is run, and a header that says the truth."""

from __future__ import annotations

import dataclasses
import re
import typing

from generator.frames import FRAMES, SINCE
from generator.piece import Piece, Truth

_MODULES = (
    "asyncio", "collections", "concurrent.futures", "contextlib", "contextvars", "dataclasses", "functools", "gc",
    "queue", "socket", "threading", "types", "weakref",
)  # fmt: skip
_LET_RUN = '''async def let_run() -> None:
    """Lets what was started come to its end."""
    for _ in range(30):
        await asyncio.sleep(0)'''
_VARIABLE = re.compile(
    r"[A-Za-z_]+ = (set|collections|weakref|contextvars|asyncio|threading|concurrent|\[|None|False|0)"
)
_BIRTH = re.compile(r"  # (?:heard|lost)( @(.+?)@)$")
_TRUTH = re.compile(r"^# (heard|lost|quiet): (.+?)(?: \(born on line (\d+)\))?$", re.MULTILINE)


class Strand(typing.Protocol):
    """Choices that make a part of a program."""

    noun: str

    @property
    def productions(self) -> tuple[str, ...]: ...

    @property
    def needs_run(self) -> bool:
        """Whether it counts on what `asyncio.run` does at its end."""

    def piece(self) -> Piece: ...

    def simpler(self) -> list[typing.Any]: ...


@dataclasses.dataclass(frozen=True)
class Program:
    """Strands, and how the loop is run."""

    strands: tuple[Strand, ...]
    frame: str

    @property
    def productions(self) -> tuple[str, ...]:
        return (f"frame: {self.frame}", *(name for strand in self.strands for name in strand.productions))

    @property
    def truths(self) -> tuple[Truth, ...]:
        return tuple(truth for strand in self.strands for truth in strand.piece().truths)

    @property
    def since(self) -> tuple[int, int]:
        return max(SINCE.get(self.frame, (3, 11)), *(strand.piece().since for strand in self.strands))

    def text(self) -> str:
        pieces = [strand.piece() for strand in self.strands]
        run = FRAMES[self.frame](pieces)
        parts = list(dict.fromkeys(part for piece in pieces for part in piece.definitions))
        if any("let_run()" in part for part in (*parts, *run)):
            parts.insert(0, _LET_RUN)
        # Plain variables come before definitions.
        parts.sort(key=lambda part: not _VARIABLE.match(part))
        body = _joined([*parts, *run])
        imports = "\n".join(f"import {name}" for name in _MODULES if re.search(rf"\b{re.escape(name)}\.", body))
        about = ", then ".join(strand.noun for strand in self.strands)
        return _with_births(f'"""Handles {about}."""', f"{imports}\n\n\n{body}\n", self.truths)

    def simpler(self) -> list[Program]:
        """Smaller programs, the smallest first."""
        found = []
        if len(self.strands) > 1:
            found += [Program((strand,), self.frame) for strand in self.strands]
        names = list(FRAMES)
        found += [Program(self.strands, name) for name in names[: names.index(self.frame)]]
        for index, strand in enumerate(self.strands):
            for other in strand.simpler():
                found.append(Program((*self.strands[:index], other, *self.strands[index + 1 :]), self.frame))
        return found


@dataclasses.dataclass(frozen=True)
class Stated:
    """What the header of a program says of a failure."""

    message: str
    fate: str
    #: The lines on which the work may be born.
    line: int | None


def stated(text: str) -> list[Stated]:
    """What the header of a program says."""
    return [Stated(message, fate, int(line) if line else None) for fate, message, line in _TRUTH.findall(text)]


def _joined(parts: list[str]) -> str:
    """Parts with the blank lines that Python's style asks for."""
    text = ""
    before = True
    for part in parts:
        variable = bool(_VARIABLE.match(part))
        text += ("\n" if variable and before else "\n\n\n") * bool(text) + part
        before = variable
    return text


def _with_births(title: str, body: str, truths: tuple[Truth, ...]) -> str:
    """The program with its header, which says where each failure is born."""
    lines = body.split("\n")
    first = len(truths) + 4
    births: dict[str, int] = {}
    for index, line in enumerate(lines):
        found = _BIRTH.search(line)
        if found:
            for message in found[2].split("|"):
                births.setdefault(message, first + index)
            lines[index] = line.replace(found[1], "")
    header = [title, ""]
    for truth in truths:
        at = f" (born on line {births[truth.message]})" if truth.message in births else ""
        header.append(f"# {truth.fate}: {truth.message}{at}")
    return "\n".join([*header, "", *lines])
