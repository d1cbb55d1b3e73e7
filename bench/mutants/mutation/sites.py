"""Local names to which only tasks, futures or the results of a gather are bound."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import births
from .harmless import is_harmless
from .source import SCOPES, Source


@dataclass
class Site:
    """A local name to which only outcomes are bound, and the statements that bind it."""

    source: Source
    function: ast.AST
    name: str
    kind: str
    births: list[ast.stmt]
    # A statement with `asyncio.wait` that stays: it waits, and reads no failure.
    wait: ast.stmt | None = None
    deleted: set[ast.stmt] = field(default_factory=set)

    def loads(self, name: str) -> list[ast.Name]:
        return self.names(name, ast.Load)

    def stores(self, name: str) -> list[ast.Name]:
        return self.names(name, ast.Store)

    def names(self, name: str, context: type[ast.expr_context]) -> list[ast.Name]:
        """Where a name is, in the functions inside too."""
        nodes = [node for node in ast.walk(self.function) if isinstance(node, ast.Name)]
        return [node for node in nodes if node.id == name and isinstance(node.ctx, context)]

    def is_deleted(self, node: ast.AST) -> bool:
        return not self.deleted.isdisjoint(self.source.above(node))


def sites(source: Source, function: ast.AST) -> Iterator[Site]:
    bound: dict[str, list[ast.stmt | None]] = {}
    for node in inside(function):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.setdefault(name, []).append(binding(source, node))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    bound.setdefault(name, []).append(None)
    arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    for name, statements in bound.items():
        if name in arguments or None in statements:
            continue
        values = [statement.value for statement in statements]
        kinds = {kind for value in values if (kind := births.kind(source, value))}
        filled = [] if kinds else list(appends(source, function, name))
        started = [part for part in statements if births.kind(source, part.value)] + filled
        rest = [value for value in values if not births.kind(source, value)]
        if filled and all(is_empty(value) for value in rest):
            yield Site(source, function, name, "tasks", started)
        elif len(kinds) == 1 and all(isinstance(value, ast.Constant) and value.value is None for value in rest):
            yield Site(source, function, name, kinds.pop(), started)


def binding(source: Source, store: ast.Name) -> ast.stmt | None:
    """The plain assignment to a name; none if it is bound in another way."""
    match source.parents[store]:
        case ast.Assign(targets=[target]) as statement if target is store:
            return statement
        case ast.AnnAssign(target=target, value=ast.expr()) as statement if target is store:
            return statement
    return None


def appends(source: Source, function: ast.AST, name: str) -> Iterator[ast.stmt]:
    """The statements that put a new task into the container of that name."""
    for node in inside(function):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr=attr), args=[value])):
                if found == name and attr in ("append", "add") and births.is_task(source, value):
                    yield node


def is_empty(value: ast.expr) -> bool:
    return ast.unparse(value) in ("[]", "set()", "list()")


def waits(site: Site) -> list[ast.stmt]:
    """The one statement that passes the name to `asyncio.wait`."""
    if site.kind not in ("task", "tasks"):
        return []
    found = []
    for load in site.loads(site.name):
        for outer in site.source.above(load):
            if isinstance(outer, ast.stmt):
                break
            if isinstance(outer, ast.Await) and ast.unparse(outer).startswith("await asyncio.wait("):
                if isinstance(site.source.parents[outer], ast.Expr | ast.Assign):
                    found.append(site.source.parents[outer])
    return found if len(found) == 1 else []


def holds_alone(site: Site) -> bool:
    """Whether what a gather collects is read nowhere else: its tasks may have names of their own."""
    if site.kind != "gather":
        return True
    births_of_names = {other.name for other in sites(site.source, site.function) if other.kind != "gather"}
    for statement in site.births:
        for node in ast.walk(statement.value):
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
                continue
            if isinstance(site.source.parents[node], ast.Starred | ast.Call) and is_argument(site, node):
                if node.id not in births_of_names and not plain_calls(site, node.id):
                    return False
                later = [load for load in site.loads(node.id) if load.lineno > statement.end_lineno]
                if not all(is_harmless(site.source, load) for load in later):
                    return False
    return True


def is_argument(site: Site, node: ast.Name) -> bool:
    """Whether a name is itself what the gather is given, and not a part of a call that is."""
    outer = site.source.parents[node]
    call = site.source.parents[outer] if isinstance(outer, ast.Starred) else outer
    return isinstance(call, ast.Call) and births.called(call) == "asyncio.gather" and call.func is not node


def plain_calls(site: Site, name: str) -> bool:
    """Whether a name is bound to nothing but lists of calls: coroutines that only the gather runs."""
    statements = [binding(site.source, store) for store in site.stores(name)]
    return bool(statements) and all(
        statement is not None
        and not isinstance(statement.value, ast.Call | ast.Await | ast.Name)
        and (is_empty(statement.value) or births.own(site.source, statement.value))
        for statement in statements
    )


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    todo: list[ast.AST] = list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, SCOPES):
            todo.extend(ast.iter_child_nodes(node))
