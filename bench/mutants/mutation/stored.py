"""The third part: all that reads the tasks in an attribute, or in a container there, is deleted.

Places where that is certainly a defect are rarer still than local ones. So local tasks are moved as
well: what a method kept in a name and read, it then keeps in an attribute, and nothing reads it.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace

from . import reads
from .harmless import METHODS, is_harmless, is_load
from .mutant import Edit, Mutant, Spot, deletion
from .sites import Site, sites
from .slots import Slot, Surroundings, slots
from .source import Source

# A file without these has no candidate.
WORDS = ("create_task", "ensure_future", "run_coroutine_threadsafe")

# `cancelled`: an attribute whose task is only cancelled then. `moved`: a local name before.
KINDS = ("attribute", "cancelled", "collection", "mapping", "moved")

# What gives the same tasks, or one of them.
SAME = {"list", "tuple", "set", "sorted", "reversed"}
VIEWS = {"values", "items", "copy"}
ITEMS = {"pop", "popleft", "get"}

# What hears of the failure of a task that it is given, where it is awaited.
WAITERS = {"asyncio.gather", "asyncio.wait_for", "asyncio.shield", "gather", "wait_for", "shield"}


def candidates(package: str, source: Source, surroundings: Surroundings) -> Iterator[Mutant]:
    for slot in slots(source, surroundings):
        plan = Plan(slot)
        if plan.make():
            yield plan.mutant(package)
    for function in source.functions:
        text = "\n".join(source.lines[function.lineno - 1 : function.end_lineno])
        if any(word in text for word in WORDS) and keeps_attributes(source, function):
            yield from moved(package, source, function)


def keeps_attributes(source: Source, function: ast.AST) -> bool:
    """Whether it is a method of a class whose objects take any attribute."""
    owner, arguments = source.parents[function], function.args.args
    if not isinstance(owner, ast.ClassDef) or not arguments or arguments[0].arg != "self":
        return False
    return not any(isinstance(node, ast.Name) and node.id == "__slots__" for node in ast.walk(owner))


def moved(package: str, source: Source, function: ast.AST) -> Iterator[Mutant]:
    """Local tasks whose name becomes an attribute, and whose reading goes."""
    for site in sites(source, function):
        if site.kind == "gather" or not (reads.delete_reads(site) and reads.is_modest(site) and reads.reads_outcome(site)):
            continue
        rest = [node for node in (*site.stores(site.name), *site.loads(site.name)) if not site.is_deleted(node)]
        name = f"self._kept_{site.name.strip('_')}"
        renamed = [Edit(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, name) for node in rest]
        mutant = reads.mutant(package, site)
        yield replace(mutant, part="stored", context="moved", edits=(*mutant.edits, *renamed))


class Plan:
    """What has to be deleted so that nothing reads the tasks of a slot."""

    def __init__(self, slot: Slot):
        self.slot, self.source = slot, slot.source
        self.deleted: set[ast.stmt] = set()
        self.sites: dict[ast.AST, Site] = {}
        self.hears = False
        # Local names that stand for what the slot holds, by their function.
        self.held: set[tuple[ast.AST, str]] = set()

    def site(self, node: ast.AST) -> Site | None:
        """The function around, as the other part sees it; all of them share what is deleted."""
        function = self.source.function(node)
        if function is None:
            return None
        return self.sites.setdefault(function, Site(self.source, function, "", "task", self.slot.births, deleted=self.deleted))

    def make(self) -> bool:
        """Collects the statements to delete; false if they cannot go, or if none of them heard of failures."""
        todo: list[ast.expr] = [load for load in self.slot.loads if load not in self.slot.fillings]
        held = self.held
        for function, names in self.slot.locals.items():
            for name in names:
                held.add((function, name))
                todo += [load for load in self.site_of(function).loads(name) if load not in self.slot.fillings]
        while todo:
            load = todo.pop()
            site, outer = self.site(load), whole(self.source, load)
            if site is None:
                return False
            if site.is_deleted(load) or is_harmless(self.source, outer) or is_idle(self.source, load, outer):
                continue
            if (name := alias(self.source, outer)) is not None:
                if (site.function, name) not in held:
                    held.add((site.function, name))
                    if not all(self.is_alias(store) for store in site.stores(name)):
                        return False
                    todo += site.loads(name)
                continue
            statement = self.source.statement(load)
            if hands_out(self.source, statement, outer) or not reads.can_go(site, statement, load):
                return False
            self.hears |= is_reading(self.source, outer)
            if not self.delete(site, statement):
                return False
        return self.hears and reads.is_modest(self.sites_as_one())

    def site_of(self, function: ast.AST) -> Site:
        return self.sites.setdefault(function, Site(self.source, function, "", "task", self.slot.births, deleted=self.deleted))

    def sites_as_one(self) -> Site:
        return next(iter(self.sites.values()))

    def is_alias(self, store: ast.Name) -> bool:
        """Whether this binding gives a name nothing but what the slot holds."""
        outer = self.source.parents[store]
        place = None
        if isinstance(outer, ast.Tuple):
            place, outer = outer.elts.index(store), self.source.parents[outer]
        value = outer.iter if isinstance(outer, ast.For) else getattr(outer, "value", None)
        if isinstance(value, ast.Tuple) and place is not None and place < len(value.elts):
            value = value.elts[place]
        if isinstance(value, ast.Constant) and value.value is None:
            return True
        held = {self.slot.name}
        return value is not None and any(
            isinstance(node, ast.Attribute) and node.attr in held and whole(self.source, node) is value for node in ast.walk(value)
        )

    def delete(self, site: Site, statement: ast.stmt) -> bool:
        """Deletes a statement, and those that use a name that goes with it."""
        todo = [statement]
        while todo:
            part = todo.pop()
            self.deleted.add(part)
            for lost in reads.stored(part):
                if not all(site.is_deleted(store) for store in site.stores(lost)):
                    continue
                for load in site.loads(lost):
                    if not site.is_deleted(load):
                        user = self.source.statement(load)
                        if not reads.can_go(site, user, load):
                            return False
                        todo.append(user)
        return True

    def mutant(self, package: str) -> Mutant:
        slot, first = self.slot, self.slot.births[0]
        deleted = reads.outermost(self.sites_as_one())
        return Mutant(
            package=package,
            path=slot.source.path,
            part="stored",
            context=self.context(),
            line=first.lineno,
            source_line=slot.source.lines[first.lineno - 1].strip(),
            spots=tuple(Spot(part.lineno, part.lineno, part.end_lineno) for part in (*slot.births, *deleted)),
            function=(slot.owner.lineno, slot.owner.end_lineno),
            edits=tuple(deletion(part) for part in deleted),
        )

    def context(self) -> str:
        if self.slot.kind != "attribute":
            return self.slot.kind
        loads = [*self.slot.loads, *(load for function, name in self.held for load in self.site_of(function).loads(name))]
        left = [load for load in loads if self.deleted.isdisjoint(self.source.above(load))]
        return "cancelled" if any(is_cancelled(self.source, load) for load in left) else "attribute"


def is_cancelled(source: Source, load: ast.expr) -> bool:
    outer = source.parents[load]
    return isinstance(outer, ast.Attribute) and outer.attr == "cancel"


def whole(source: Source, load: ast.expr) -> ast.expr:
    """The largest expression around a load that stands for the same tasks, or for one of them."""
    while True:
        outer = source.parents[load]
        match outer:
            case ast.Call(func=ast.Name(id=name), args=[value]) if name in SAME and value is load:
                load = outer
            case ast.Subscript(value=value, ctx=ast.Load()) if value is load:
                load = outer
            case ast.Attribute(attr=attr) if attr in VIEWS | ITEMS and isinstance(source.parents[outer], ast.Call):
                load = source.parents[outer]
            case _:
                return load


def is_idle(source: Source, load: ast.expr, outer: ast.expr) -> bool:
    """Whether a container is only changed, counted or asked, and no task of it is read."""
    around = source.parents[outer]
    match around:
        case ast.Attribute(attr="clear" | "discard" | "remove" | "keys" | "pop") if isinstance(source.parents[around], ast.Call):
            return True
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]) if value is outer:
            return True
        case ast.Subscript(ctx=ast.Del()):
            return True
        case ast.Expr():
            return True
        case ast.For(iter=values, target=ast.Tuple(elts=[_, ast.Name(id=name)])) if values is outer:
            loads = [node for part in around.body for node in ast.walk(part) if is_load(node, name)]
            return all(isinstance(source.parents[node], ast.Attribute) and source.parents[node].attr in METHODS for node in loads)
    # The callback that takes a task out of its own container.
    return isinstance(around, ast.Attribute) and around.attr in ("discard", "remove") and load is outer


def alias(source: Source, outer: ast.expr) -> str | None:
    """The name that stands for the tasks, or for one of them, from here on."""
    around = source.parents[outer]
    if isinstance(around, ast.Tuple) and isinstance(source.parents[around], ast.Assign):
        targets = source.parents[around].targets[0]
        place = around.elts.index(outer)
        target = targets.elts[place] if isinstance(targets, ast.Tuple) and place < len(targets.elts) else None
        return target.id if isinstance(target, ast.Name) else None
    match around:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.NamedExpr(target=ast.Name(id=name)):
            return name
        case ast.For(iter=values, target=ast.Name(id=name) | ast.Tuple(elts=[_, ast.Name(id=name)])) if values is outer:
            return name
    return None


def hands_out(source: Source, statement: ast.stmt, outer: ast.expr) -> bool:
    """Whether the caller of the function gets the task, so that it may be read anywhere."""
    if isinstance(statement, ast.Return):
        return not any(isinstance(node, ast.Await) for node in source.above(outer))
    return any(isinstance(node, ast.Lambda) for node in source.above(outer))


def is_reading(source: Source, outer: ast.expr) -> bool:
    """Whether this hears of the failure: it is awaited, alone or together with others, or asked for it."""
    for around in source.above(outer):
        match around:
            case ast.Await():
                return True
            case ast.Attribute(attr="result" | "exception"):
                return True
            case ast.Attribute(attr="add_done_callback"):
                call = source.parents[around]
                return isinstance(call, ast.Call) and any(reads_done(source, value) for value in call.args)
            case ast.Call(func=ast.Attribute(attr="run_until_complete")):
                return True
            case ast.Starred() | ast.Tuple() | ast.List() | ast.Set():
                continue
            case ast.Call(func=func) if ast.unparse(func) in WAITERS:
                continue
        return False
    return False


def reads_done(source: Source, callback: ast.expr) -> bool:
    """Whether a done callback, found by its name in the file, asks for the result or the exception."""
    name = ast.unparse(callback).rpartition(".")[2]
    bodies = [function for function in source.functions if function.name == name]
    return any(isinstance(node, ast.Attribute) and node.attr in ("result", "exception") for body in bodies for node in ast.walk(body))
