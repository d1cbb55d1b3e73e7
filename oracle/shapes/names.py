"""What names a module defines and uses."""

from __future__ import annotations

import ast
import builtins
import re

#: Names that say something by themselves: to the test runner, to Python, or to readers.
_FIXED = {"_", "self", "cls", "main"}
#: A log is known by the end of its name.
_LOG = re.compile(r"(?i)log(ger|ging)?$")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def loaded(node: ast.AST) -> set[str]:
    """The names that are read somewhere in it."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}


def bound(node: ast.AST) -> set[str]:
    """The names that are bound somewhere in it by assignments, definitions and loops."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
    return names | {one.name for one in ast.walk(node) if isinstance(one, (*FUNCTIONS, ast.ClassDef))}


def imported(tree: ast.Module) -> set[str]:
    """The names that imports at the top bind."""
    imports = [one for one in tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name.partition(".")[0] for one in imports for alias in one.names}


def free_to_rename(tree: ast.Module) -> set[str]:
    """Functions, classes and variables whose every mention is a name or a definition."""
    methods = {
        one.name
        for parent in ast.walk(tree)
        if isinstance(parent, ast.ClassDef)
        for one in ast.walk(parent)
        if isinstance(one, (*FUNCTIONS, ast.ClassDef))
    }
    in_classes = {
        name.id
        for parent in ast.walk(tree)
        if isinstance(parent, ast.ClassDef)
        for statement in parent.body
        if not isinstance(statement, FUNCTIONS)
        for name in ast.walk(statement)
        if isinstance(name, ast.Name)
    }
    others: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name) | ast.keyword(arg=name) | ast.ExceptHandler(name=name):
                others.add(name or "")
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                others.update(names)
            case ast.alias(name=name, asname=other):
                others.update((name.partition(".")[0], other or ""))
            case ast.MatchAs(name=name) | ast.MatchStar(name=name):
                others.add(name or "")
            case ast.Constant(value=str(text)):
                others.update(text.replace(".", " ").split())
    fixed = methods | in_classes | others | _FIXED | set(dir(builtins))
    return {name for name in bound(tree) - fixed if not name.startswith("__") and not _LOG.search(name)}
