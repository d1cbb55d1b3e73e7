"""A part of a program: one strand of work with what becomes of its failures."""

from __future__ import annotations

import dataclasses
import textwrap

from generator.words import ERRORS

#: What becomes of a failure: somebody reads it, nobody does, or it never comes.
HEARD, LOST, QUIET = "heard", "lost", "quiet"


@dataclasses.dataclass(frozen=True)
class Truth:
    """What becomes of a failure with this message."""

    message: str
    fate: str


@dataclasses.dataclass(frozen=True)
class Piece:
    """The text of a strand."""

    #: Definitions at the top of the program.
    definitions: tuple[str, ...]
    #: The lines by which main runs it.
    call: str
    truths: tuple[Truth, ...]
    #: The first Python that has all of it.
    since: tuple[int, int] = (3, 11)


def fill(template: str, **words: str) -> str:
    """A template with its words, without the line breaks around it."""
    return template.strip("\n").format(**words)


def indented(*parts: str, by: int = 1) -> str:
    """The lines of all parts, further to the right."""
    return "\n".join(textwrap.indent(part, "    " * by) for part in parts if part)


def function(name: str, *parts: str, arguments: str = "") -> str:
    """A coroutine function."""
    return f"async def {name}({arguments}) -> None:\n{indented(*parts)}"


def words(noun: str, verb: str, error: int) -> dict[str, str]:
    """What fills the templates of a strand."""
    leaf, reason = ERRORS[error]
    return {
        "noun": noun,
        "Noun": noun.capitalize(),
        "work": f"{verb}_{noun}",
        "strand": f"handle_{noun}",
        "leaf": leaf,
        "error": leaf,
        "message": f"{noun}: {reason}",
    }


def marked(text: str, truth: Truth, sign: str = "§") -> str:
    """The text with its lines of birth marked, by fate and, until the program is put together, by message."""
    return text.replace(sign, "" if truth.fate == QUIET else f"  # {truth.fate} @{truth.message}@")
