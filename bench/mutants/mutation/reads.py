"""The second part: all that reads a local task or the results of a gather is deleted."""

import ast
from collections.abc import Iterator

from .harmless import is_harmless
from .mutant import Edit, Mutant, Spot, deletion
from .sites import Site, holds_alone, sites, waits
from .source import Source

# A file without these has no candidate.
WORDS = ("create_task", "ensure_future", "run_coroutine_threadsafe", "asyncio.gather")

# `wait`: what `asyncio.wait` waits for, where the waiting stays. `cancelled`: what is only cancelled then.
KINDS = ("task", "tasks", "thread", "gather", "wait", "cancelled")

# A mutant that deletes more than this is no slip any more.
MOST_LINES = 30


def candidates(package: str, source: Source) -> Iterator[Mutant]:
    for function in source.functions:
        text = "\n".join(source.lines[function.lineno - 1 : function.end_lineno])
        if any(word in text for word in WORDS):
            for site in sites(source, function):
                yield from mutants(package, site)


def mutants(package: str, site: Site) -> Iterator[Mutant]:
    """What the deletion makes of a site; two mutants if `asyncio.wait` can stay as well."""
    for wait in (None, *waits(site)):
        site.wait, site.deleted = wait, set()
        if holds_alone(site) and delete_reads(site) and is_modest(site) and reads_outcome(site):
            yield mutant(package, site)


def delete_reads(site: Site) -> bool:
    """Collects the statements to delete, until no name is left whose value has gone; false if that is not possible."""
    bound = [site.name]
    if isinstance(site.wait, ast.Assign):
        bound += stored(site.wait)
    gone, todo, found = list(bound), list(bound), False
    while todo:
        name = todo.pop()
        for load in site.loads(name):
            statement = site.source.statement(load)
            if statement is site.wait or site.is_deleted(load):
                continue
            if name in bound and is_harmless(site.source, load):
                continue
            if not can_go(site, statement, load):
                return False
            found = True
            site.deleted.add(statement)
            for lost in stored(statement):
                if lost in gone or not site.loads(lost):
                    continue
                if not all(site.is_deleted(store) for store in site.stores(lost)):
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
            if statement not in (loops[0], *site.source.above(loops[0])):
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
        context=context(site),
        line=first.lineno,
        source_line=source.lines[first.lineno - 1].strip(),
        spots=tuple(Spot(part.lineno, part.lineno, part.end_lineno) for part in marked),
        function=(function.lineno, function.end_lineno),
        edits=tuple(deletion(part) for part in deleted) + unbound(site),
    )


def context(site: Site) -> str:
    left = [site.source.parents[load] for load in site.loads(site.name) if not site.is_deleted(load)]
    cancelled = any(isinstance(outer, ast.Attribute) and outer.attr == "cancel" for outer in left)
    return "wait" if site.wait else "cancelled" if cancelled else site.kind


def unbound(site: Site) -> tuple[Edit, ...]:
    """Half of the gathers lose their name as well, unless it is still used; by their line, so that it stays so."""
    left = [load for load in site.loads(site.name) if not site.is_deleted(load)]
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


def stored(statement: ast.stmt) -> list[str]:
    return sorted({node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})
