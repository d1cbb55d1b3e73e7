"""Attributes that hold nothing but tasks, and who in the package speaks of them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from . import births, sites
from .harmless import is_harmless
from .source import FUNCTIONS, LEFT_OUT, Source, parse

# Containers that hold on to what is put in them: `set()`, `dict[str, asyncio.Task]()`.
CONTAINERS = ("set", "list", "dict", "deque", "collections.deque")


@dataclass
class Slot:
    """An attribute of one class, what is put in it, and where it is loaded."""

    source: Source
    owner: ast.ClassDef
    name: str
    # `attribute`, `collection` or `mapping`.
    kind: str
    # The statements that start a task for it, and the ones that put it there.
    births: list[ast.stmt]
    accesses: list[ast.Attribute]
    # Local names that hold the task before it is there, by their function.
    locals: dict[ast.AST, set[str]] = field(default_factory=dict)
    # The loads that belong to the putting.
    fillings: set[ast.AST] = field(default_factory=set)

    @property
    def loads(self) -> list[ast.Attribute]:
        return [node for node in self.accesses if isinstance(node.ctx, ast.Load)]


def accesses(owner: ast.ClassDef) -> dict[str, list[ast.Attribute]]:
    """The places where a class uses its own private attributes, by their names."""
    found: dict[str, list[ast.Attribute]] = {}
    for node in ast.walk(owner):
        if is_own(node) and node.attr.startswith("_") and not node.attr.startswith("__"):
            found.setdefault(node.attr, []).append(node)
    return found


def is_own(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def slots(source: Source, package: "Surroundings") -> Iterator[Slot]:
    """The private attributes of each class that only tasks are put in, and of which nobody else speaks."""
    for owner in (node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)):
        for name, nodes in accesses(owner).items():
            slot = Slot(source, owner, name, "attribute", [], nodes)
            if all(stores(slot, node) for node in nodes) and slot.births:
                if not package.speaks_of(source.path, owner, name):
                    yield slot


def stores(slot: Slot, node: ast.Attribute) -> bool:
    """Notes what this access puts in the slot; false if that may be anything but a task."""
    source, outer = slot.source, slot.source.parents[node]
    if isinstance(node.ctx, ast.Del):
        return True
    if isinstance(node.ctx, ast.Store):
        match outer:
            case ast.AnnAssign(value=None):
                return True
            case ast.Assign(targets=[_], value=value) | ast.AnnAssign(value=value):
                return is_nothing(value) or puts(slot, outer, value)
            case ast.Tuple():
                return is_swap(source, outer, node)
        return False
    match outer:
        case ast.Attribute(attr="add" | "append" | "appendleft"):
            call = source.parents[outer]
            if not (isinstance(call, ast.Call) and call.func is outer and len(call.args) == 1):
                return False
            slot.kind = "collection"
            slot.fillings.add(node)
            return puts(slot, source.statement(call), call.args[0])
        case ast.Attribute(attr="setdefault" | "update" | "extend" | "insert" | "put" | "put_nowait"):
            return False
        case ast.Subscript(ctx=ast.Store()):
            statement = source.parents[outer]
            slot.kind = "mapping"
            slot.fillings.add(node)
            return isinstance(statement, ast.Assign) and len(statement.targets) == 1 and puts(slot, statement, statement.value)
    return True


def is_swap(source: Source, targets: ast.Tuple, store: ast.Attribute) -> bool:
    """Whether a slot is emptied, as in `task, self._task = self._task, None`."""
    match source.parents[targets]:
        case ast.Assign(targets=[_], value=ast.Tuple(elts=values)) if len(values) == len(targets.elts):
            return is_nothing(values[targets.elts.index(store)])
    return False


def is_nothing(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=None) | ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Subscript(value=func) | func, args=[], keywords=[]):
            return ast.unparse(func) in CONTAINERS
    return False


def puts(slot: Slot, statement: ast.stmt, value: ast.expr) -> bool:
    """Notes a task that is put in the slot, made on the spot or in a local name that holds nothing else."""
    source = slot.source
    if births.kind(source, value) in ("task", "tasks", "thread"):
        slot.births.append(statement)
        return True
    function = source.function(value)
    if not isinstance(value, ast.Name) or function is None:
        return False
    for site in sites.sites(source, function):
        if site.name == value.id and site.kind in ("task", "thread"):
            slot.births += [part for part in (*site.births, statement) if part not in slot.births]
            slot.locals.setdefault(function, set()).add(value.id)
            slot.fillings.add(value)
            return True
    return False


@dataclass
class Surroundings:
    """All files of a package, as text; they are parsed where a name makes it necessary."""

    texts: dict[str, str]

    @classmethod
    def of(cls, root: Path, folder: str) -> "Surroundings":
        files = sorted((root / folder).rglob("*.py"))
        return cls({path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files})

    @cached_property
    def bases(self) -> dict[str, set[str]]:
        """The last names of the bases, by the class's name."""
        found: dict[str, set[str]] = {}
        for text in self.texts.values():
            for name, bases in re.findall(r"^\s*class (\w+)\(([^)]*)", text, re.MULTILINE):
                found.setdefault(name, set()).update(re.findall(r"(\w+)(?=\s*(?:,|\[|$))", bases))
        return found

    @cached_property
    def subclasses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name, bases in self.bases.items():
            for base in bases:
                found.setdefault(base, set()).add(name)
        return found

    def family(self, name: str) -> set[str]:
        """The class and all that it may inherit from, or that may inherit from it."""
        found, todo = {name}, [(name, "up"), (name, "down")]
        while todo:
            one, way = todo.pop()
            near = (self.bases if way == "up" else self.subclasses).get(one, set())
            todo += [(other, way) for other in near - found]
            found |= near
        return found

    def speaks_of(self, path: str, owner: ast.ClassDef, name: str) -> bool:
        """Whether anything but the class itself may get at the attribute: by any other way than `self`, in a
        related class, or by its name as text."""
        family = self.family(owner.name)
        word = re.compile(rf"\b{name}\b")
        for other, text in self.texts.items():
            if not word.search(text):
                continue
            if LEFT_OUT.isdisjoint(other.split("/")[1:-1]):
                file, mentions = parsed(other, text)
                if any(is_foreign(file, node, path, owner, name, family) for node in mentions.get(name, [])):
                    return True
        return False


@lru_cache(maxsize=4000)
def parsed(path: str, text: str) -> tuple[Source, dict[str, list[ast.AST]]]:
    """A file, and the places that speak of each attribute or name it as text."""
    source = parse(path, text)
    mentions: dict[str, list[ast.AST]] = {}
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                mentions.setdefault(name, []).append(node)
    return source, mentions


def is_foreign(source: Source, node: ast.AST, path: str, owner: ast.ClassDef, name: str, family: set[str]) -> bool:
    match node:
        case ast.Constant():
            around = [outer for outer in source.above(node) if isinstance(outer, ast.Assign)]
            return not any(ast.unparse(outer.targets[0]) == "__slots__" for outer in around)
        case ast.Attribute():
            if isinstance(node.ctx, ast.Load) and is_harmless(source, node):
                return False
            if not is_own(node):
                return True
            classes = [outer for outer in source.above(node) if isinstance(outer, ast.ClassDef)]
            if any(source.path == path and outer.lineno == owner.lineno for outer in classes):
                return False
            return any(outer.name in family for outer in classes) or not classes
    return False
