"""One Python file of a package, as text and as a tree in which each node knows its parent."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)

# Folders whose code no user runs.
LEFT_OUT = {"test", "tests", "testing", "_vendor", "vendor", "examples"}


@dataclass
class Source:
    path: str
    text: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[str]:
        # As the parser counts them: form feeds and their like end no line.
        return self.text.split("\n")

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS)]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, the innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function(self, node: ast.AST) -> ast.AST | None:
        """The function that a node runs in; none for a module, a class and a lambda."""
        for outer in self.above(node):
            if isinstance(outer, SCOPES):
                return outer if isinstance(outer, FUNCTIONS) else None
        return None

    def outermost(self, node: ast.AST) -> ast.AST | None:
        """The outermost function around a node: what two mutants never share in one round."""
        around = [outer for outer in self.above(node) if isinstance(outer, FUNCTIONS)]
        return around[-1] if around else None

    def statement(self, node: ast.AST) -> ast.stmt:
        """The smallest statement around a node."""
        if isinstance(node, ast.stmt):
            return node
        return next(outer for outer in self.above(node) if isinstance(outer, ast.stmt))


def parse(path: str, text: str) -> Source:
    source = Source(path, text, ast.parse(text))
    for node in ast.walk(source.tree):
        for child in ast.iter_child_nodes(node):
            source.parents[child] = node
    return source


def read(root: Path, folder: str, words: tuple[str, ...]) -> Iterator[Source]:
    """The files below `folder` with one of these words, in an order that does not depend on the disk."""
    for path in sorted((root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if LEFT_OUT.isdisjoint(name.split("/")[1:-1]):
            text = path.read_bytes().decode()
            if "\r" not in text and any(word in text for word in words):
                yield parse(name, text)
