"""What the source says around a finding."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator

from heard.testing.faults.findings import Finding


@functools.lru_cache(512)
def _tree(path: str) -> ast.Module | None:
    try:
        with open(path, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None


def names_in(finding: Finding) -> frozenset[str]:
    """The last names of what stands in the lines of a finding: the functions that it may call or hand over."""
    tree = _tree(finding.path)
    found = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name | ast.Attribute) and finding.line <= node.lineno <= finding.end_line:
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return frozenset(found)


def guarded_lines(finding: Finding) -> range:
    """The lines whose failures the handler of a finding handles. Of others, those of the function around it."""
    tree = _tree(finding.path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Try | ast.TryStar):
            handlers = [(handler.lineno, handler.end_lineno or handler.lineno) for handler in node.handlers]
            if any(first <= finding.line <= last for first, last in handlers):
                return range(node.body[0].lineno, (node.body[-1].end_lineno or node.body[-1].lineno) + 1)
        elif isinstance(node, ast.With | ast.AsyncWith):
            items = [item.context_expr for item in node.items]
            if any(item.lineno <= finding.line <= (item.end_lineno or item.lineno) for item in items):
                return range(node.body[0].lineno, (node.body[-1].end_lineno or node.body[-1].lineno) + 1)
    return function_lines(finding)


def function_lines(finding: Finding) -> range:
    """The lines of the innermost function around a finding; its own where there is none."""
    best = range(finding.line, finding.end_line + 1)
    for first, last in _functions(finding.path):
        if first <= finding.line <= last:
            best = range(first, last + 1)
    return best


def _functions(path: str) -> Iterator[tuple[int, int]]:
    """The first and the last line of each function, the outer ones first."""
    tree = _tree(path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno or node.lineno


