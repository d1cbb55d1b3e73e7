"""A mutant: one defect that is put into working code, as edits that move no line."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """Replaces a span; lines count from 1 and columns are bytes from 0, as in `ast`."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True)
class Spot:
    """Lines on which a finding is about the mutant, and where the statement around them begins."""

    begin: int
    first: int
    last: int

    def holds(self, line: int, end_line: int) -> bool:
        """Whether a finding touches the lines; one that begins before the statement is about more than them."""
        return self.begin <= line <= self.last and end_line >= self.first


@dataclass(frozen=True)
class Mutant:
    package: str
    path: str
    # `await`, `read` or `stored`: which part of the measurement it belongs to.
    part: str
    # The kind of context, by which the tables are split.
    context: str
    line: int
    source_line: str
    # Where a finding counts as a report of this mutant.
    spots: tuple[Spot, ...]
    # The lines of the outermost function around it, or of the class that keeps the task.
    function: tuple[int, int]
    edits: tuple[Edit, ...]

    @property
    def key(self) -> str:
        return f"{self.part}:{self.context}:{self.package}:{self.path}:{self.line}:{self.edits[0].line}:{self.edits[0].column}"


def deletion(node: ast.stmt) -> Edit:
    """`pass` in place of a statement, and as many lines as before."""
    return Edit(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, "pass")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, with every line where it was."""
    lines = [line.encode() for line in text.split("\n")]
    for edit in sorted(edits, key=lambda edit: (edit.line, edit.column), reverse=True):
        first, last = edit.line - 1, edit.end_line - 1
        head, tail = lines[first][: edit.column], lines[last][edit.end_column :]
        if first == last:
            lines[first] = head + edit.text.encode() + tail
        else:
            lines[first] = head + edit.text.encode()
            lines[first + 1 : last] = [b""] * (last - first - 1)
            lines[last] = tail
    return b"\n".join(lines).decode()


def stands(text: str, edits: Iterable[Edit]) -> bool:
    """Whether the mutated file is still Python."""
    try:
        ast.parse(apply(text, edits))
    except SyntaxError:
        return False
    return True
