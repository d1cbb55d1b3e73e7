"""Where findings lie: on which statement of the sample, wherever that stands in another shape."""

from __future__ import annotations

import ast

#: The attribute of a statement that tells which one of the sample it is.
_TAG = "tag"


def tagged(tree: ast.Module) -> ast.Module:
    """The tree, whose statements know which they are."""
    for number, statement in enumerate(_statements(tree)):
        setattr(statement, _TAG, number)
    return tree


def copied(tag_of: ast.stmt, statement: ast.stmt) -> ast.stmt:
    """A statement that stands for another one."""
    setattr(statement, _TAG, getattr(tag_of, _TAG, None))
    return statement


def text_and_tags(tree: ast.Module) -> tuple[str, dict[int, int | None]]:
    """The text of a tree, and which statement of the sample is on each line."""
    ast.fix_missing_locations(tree)
    text = ast.unparse(tree)
    lines: dict[int, int | None] = {}
    own = _statements(tree)
    written = _statements(ast.parse(text))
    if [type(one) for one in own] != [type(one) for one in written]:
        raise ValueError("the text is another program")
    for statement, placed in zip(own, written):
        # What is inside comes later, and is nearer.
        first = min([placed.lineno, *(one.lineno for one in getattr(placed, "decorator_list", []))])
        lines.update(dict.fromkeys(range(first, placed.end_lineno + 1), getattr(statement, _TAG, None)))
    return text, lines


def _statements(tree: ast.AST) -> list[ast.stmt]:
    """All statements, each before those in it."""
    found = [tree] if isinstance(tree, ast.stmt) else []
    for child in ast.iter_child_nodes(tree):
        found += _statements(child)
    return found
