"""Programs to change the shape of: the examples of the rules' pages, the analyser's cases, and the oracle's own."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from generator import draw

ANALYSER = Path(__file__).resolve().parent.parent.parent / "crates/heard_analysis"
_FOLDERS = ("src/rules", "tests/rules", "tests/cases")
#: A module that stands alone, and the last heading before it.
_BLOCK = re.compile(r"^#+ ([^\n]+)$|^```py(?: run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A module that is a whole program."""

    name: str
    text: str

    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def written() -> Iterator[Sample]:
    """Those of the analyser's pages."""
    for folder in _FOLDERS:
        for page in sorted((ANALYSER / folder).glob("*.md")):
            heading, number = "", 0
            for title, text in _BLOCK.findall(page.read_text()):
                if title:
                    heading, number = title, 0
                    continue
                number += 1
                # Python reads it as the analyser does, and its layout is not what is tried here.
                try:
                    plain = ast.unparse(ast.parse(text))
                except SyntaxError:
                    continue
                yield Sample(f"{folder}/{page.stem}: {heading}, {number}", plain)


def drawn(seed: int, count: int) -> Iterator[Sample]:
    """Those of the oracle."""
    for number in range(count):
        yield Sample(f"seed {seed}, program {number}", ast.unparse(ast.parse(draw.program(seed, number).text())))
