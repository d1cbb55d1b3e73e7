"""The first part: an `await` before a call is deleted."""

import ast
from collections.abc import Iterator

from .mutant import Edit, Mutant, Spot
from .source import Source

# A file without these has no candidate.
WORDS = ("await",)

CONTEXTS = ("statement", "assignment", "return", "argument", "attribute", "condition", "other")


def candidates(package: str, source: Source) -> Iterator[Mutant]:
    """Every awaited call of a file; whether the rest still parses is for the draw to see."""
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Await) and isinstance(node.value, ast.Call)):
            continue
        function = source.outermost(node)
        if function is None:
            continue
        start, text = node.lineno, source.lines[node.lineno - 1].encode()
        end = node.col_offset + len("await")
        while text[end : end + 1] == b" ":
            end += 1
        yield Mutant(
            package=package,
            path=source.path,
            part="await",
            context=context(source, node),
            line=start,
            source_line=source.lines[start - 1].strip(),
            spots=(Spot(source.statement(node).lineno, start, node.end_lineno),),
            function=(function.lineno, function.end_lineno),
            edits=(Edit(start, node.col_offset, start, end, ""),),
        )


def context(source: Source, node: ast.AST) -> str:
    """What becomes of the awaited value."""
    for outer in source.above(node):
        match outer:
            case ast.Expr():
                return "statement"
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.NamedExpr():
                return "assignment"
            case ast.Return() | ast.Lambda():
                return "return"
            case ast.Call() | ast.keyword():
                return "argument"
            case ast.Attribute() | ast.Subscript():
                return "attribute"
            case ast.If() | ast.While() | ast.BoolOp() | ast.UnaryOp() | ast.Compare() | ast.Assert():
                return "condition"
            case ast.IfExp() if outer.test is node:
                return "condition"
            case ast.IfExp() | ast.Starred():
                node = outer
            case _:
                return "other"
    return "other"
