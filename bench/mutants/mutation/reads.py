"""The second part: all that reads a local task or the results of a gather is deleted."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import births
from .harmless import is_harmless
from .mutant import Edit, Mutant, Spot, deletion
from .source import FUNCTIONS, SCOPES, Source

# A file without these has no candidate.
WORDS = ("create_task", "ensure_future", "run_coroutine_threadsafe", "asyncio.gather")

KINDS = ("task", "tasks", "thread", "gather", "wait")

# A mutant that deletes more than this is no slip any more.
MOST_LINES = 30


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


def candidates(package: str, source: Source) -> Iterator[Mutant]:
    for function in source.functions:
        text = "\n".join(source.lines[function.lineno - 1 : function.end_lineno])
        if any(word in text for word in WORDS):
            for site in sites(source, function):
                yield from mutants(package, site)


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


def mutants(package: str, site: Site) -> Iterator[Mutant]:
    """What the deletion makes of a site; two mutants if `asyncio.wait` can stay as well."""
    for wait in (None, *waits(site)):
        site.wait, site.deleted = wait, set()
        if holds_alone(site) and delete_reads(site) and is_modest(site) and reads_outcome(site):
            yield mutant(package, site)


def waits(site: Site) -> list[ast.stmt]:
    """The one statement that passes the name to `asyncio.wait`."""
    if site.kind not in ("task", "tasks"):
        return []
    found = []
    for load in loads(site, site.name):
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
                if any(load.lineno > statement.end_lineno and not is_harmless(site.source, load) for load in loads(site, node.id)):
                    return False
    return True


def is_argument(site: Site, node: ast.Name) -> bool:
    """Whether a name is itself what the gather is given, and not a part of a call that is."""
    outer = site.source.parents[node]
    call = site.source.parents[outer] if isinstance(outer, ast.Starred) else outer
    return isinstance(call, ast.Call) and births.called(call) == "asyncio.gather" and call.func is not node


def plain_calls(site: Site, name: str) -> bool:
    """Whether a name is bound to nothing but lists of calls: coroutines that only the gather runs."""
    stores = [node for node in inside(site.function) if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)]
    statements = [binding(site.source, store) for store in stores]
    return bool(statements) and all(
        statement is not None and not isinstance(statement.value, ast.Call | ast.Await | ast.Name)
        and (is_empty(statement.value) or births.own(site.source, statement.value))
        for statement in statements
    )


def delete_reads(site: Site) -> bool:
    """Collects the statements to delete, until no name is left whose value has gone; false if that is not possible."""
    gone = [site.name]
    if site.wait is not None and isinstance(site.wait, ast.Assign):
        gone += [node.id for node in ast.walk(site.wait.targets[0]) if isinstance(node, ast.Name)]
    todo, found = list(gone), False
    while todo:
        name = todo.pop()
        for load in loads(site, name):
            statement = site.source.statement(load)
            if statement is site.wait or is_deleted(site, load) or is_harmless(site.source, load):
                continue
            if not can_go(site, statement, load):
                return False
            found = True
            site.deleted.add(statement)
            for lost in stored(statement):
                if lost in gone or not loads(site, lost):
                    continue
                if not all(is_deleted(site, store) for store in stores_of(site, lost)):
                    continue
                gone.append(lost)
                todo.append(lost)
    return found


def can_go(site: Site, statement: ast.stmt, load: ast.AST) -> bool:
    """Whether a statement can be deleted, and nothing else changes its meaning by that."""
    if site.source.function(load) is not site.function:
        return False
    for node in ast.walk(statement):
        if node in site.births or node is site.wait or isinstance(node, ast.Yield | ast.YieldFrom):
            return False
        if isinstance(node, ast.Break | ast.Continue):
            loops = [outer for outer in site.source.above(node) if isinstance(outer, ast.For | ast.AsyncFor | ast.While)]
            if not loops or statement in site.source.above(loops[0]):
                return False
            if loops[0] is not statement and loops[0] not in set(ast.walk(statement)):
                return False
    return True


def reads_outcome(site: Site) -> bool:
    """Whether what is deleted did hear of failures: to wait for a task, or to keep it, does not."""
    if site.kind == "gather":
        return True
    for statement in site.deleted:
        for node in ast.walk(statement):
            match node:
                case ast.Await() if not ast.unparse(node).startswith("await asyncio.wait("):
                    return True
                case ast.Attribute(attr="result" | "exception"):
                    return True
    return False


def is_modest(site: Site) -> bool:
    lines = sum(part.end_lineno - part.lineno + 1 for part in outermost(site))
    return lines <= MOST_LINES


def mutant(package: str, site: Site) -> Mutant:
    source, first = site.source, site.births[0]
    deleted = outermost(site)
    marked = [*site.births, *deleted, *([site.wait] if site.wait else [])]
    function = source.outermost(first) or site.function
    return Mutant(
        package=package,
        path=source.path,
        part="read",
        context="wait" if site.wait else site.kind,
        line=first.lineno,
        source_line=source.lines[first.lineno - 1].strip(),
        spots=tuple(Spot(part.lineno, part.lineno, part.end_lineno) for part in marked),
        function=(function.lineno, function.end_lineno),
        edits=tuple(deletion(part) for part in deleted) + unbound(site),
    )


def unbound(site: Site) -> tuple[Edit, ...]:
    """Half of the gathers lose their name as well, unless it is still used; by their line, so that it stays so."""
    left = [load for load in loads(site, site.name) if not is_deleted(site, load)]
    if site.kind != "gather" or left or site.births[0].lineno % 2:
        return ()
    return tuple(
        Edit(part.lineno, part.col_offset, part.value.lineno, part.value.col_offset, "") for part in site.births
    )


def outermost(site: Site) -> list[ast.stmt]:
    """The deleted statements that are not inside another one."""
    return sorted(
        (part for part in site.deleted if site.deleted.isdisjoint(site.source.above(part))),
        key=lambda part: part.lineno,
    )


def is_deleted(site: Site, node: ast.AST) -> bool:
    return not site.deleted.isdisjoint(site.source.above(node))


def loads(site: Site, name: str) -> list[ast.Name]:
    nodes = ast.walk(site.function)
    return [node for node in nodes if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)]


def stores_of(site: Site, name: str) -> list[ast.Name]:
    return [node for node in ast.walk(site.function) if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)]


def stored(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    todo: list[ast.AST] = list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, SCOPES):
            todo.extend(ast.iter_child_nodes(node))
