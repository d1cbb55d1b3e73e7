"""The shapes: each takes a tagged tree and gives the files of the same program in another shape, or nothing where it
has nothing to change."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable

from shapes.names import FUNCTIONS, bound, free_to_rename, imported, loaded
from shapes.places import copied

#: The modules of a program, by the names of their files.
Files = dict[str, ast.Module]
PROGRAM = "program.py"


@dataclasses.dataclass(frozen=True)
class Shape:
    """A way to write the same."""

    name: str
    change: Callable[[ast.Module], Files | None]


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _with_parts(tree: ast.Module, parts: list[ast.stmt]) -> Files:
    """The program with more definitions behind its imports."""
    place = 0
    for index, statement in enumerate(tree.body):
        is_docstring = index == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_docstring and not isinstance(statement, (ast.Import, ast.ImportFrom)):
            break
        place = index + 1
    tree.body[place:place] = parts
    return {PROGRAM: tree}


def as_it_is(tree: ast.Module) -> Files:
    return {PROGRAM: tree}


def renamed(tree: ast.Module) -> Files | None:
    """Functions, classes and variables have other names."""
    names = free_to_rename(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id += "_X" if node.id.isupper() else "_x"
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name in names:
            node.name += "_x"
    return {PROGRAM: tree} if names else None


def reordered(tree: ast.Module) -> Files | None:
    """Functions that stand beside each other stand the other way around."""
    body: list[ast.stmt] = []
    run: list[ast.stmt] = []
    changed = False
    for statement in [*tree.body, ast.Pass()]:
        if isinstance(statement, FUNCTIONS) and not statement.decorator_list and not statement.args.defaults:
            run.append(statement)
            continue
        names = [one.name for one in run]
        if len(set(names)) == len(names):
            changed |= len(run) > 1
            run.reverse()
        body += [*run, statement]
        run = []
    tree.body = body[:-1]
    return {PROGRAM: tree} if changed else None


def _parted(tree: ast.Module) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """The definitions of a program, and the last lines, which run it."""
    place = len(tree.body)
    while place and isinstance(tree.body[place - 1], (ast.Expr, ast.If, ast.With, ast.Try)):
        place -= 1
    return tree.body[:place], tree.body[place:]


def in_another_file(tree: ast.Module) -> Files | None:
    """The program is run from another file."""
    definitions, run = _parted(tree)
    names = bound(ast.Module(definitions, [])) | imported(tree)
    used = sorted(names & loaded(ast.Module(run, [])))
    if not run or not used:
        return None
    run[:0] = _parsed(f"from work import {', '.join(used)}")
    return {"work.py": ast.Module(definitions, []), PROGRAM: ast.Module(run, [])}


def re_exported(tree: ast.Module) -> Files | None:
    """The program is run from another file, which imports it from a package that only passes it on."""
    files = in_another_file(tree)
    if files is None:
        return None
    (run,) = (files[PROGRAM].body[0],)
    names = ", ".join(alias.name for alias in run.names)
    run.module = "desk"
    inner = ast.parse(f"from desk.work import {names}\n\n__all__ = {[alias.name for alias in run.names]}")
    return {"desk/__init__.py": inner, "desk/work.py": files["work.py"], PROGRAM: files[PROGRAM]}


def spread(tree: ast.Module) -> Files | None:
    """Functions that need nothing of the module but its imports stand in another file."""
    own = bound(tree) - imported(tree)
    imports = [one for one in tree.body if isinstance(one, (ast.Import, ast.ImportFrom))]
    counts = [one.name for one in tree.body if isinstance(one, FUNCTIONS)]
    moved = [
        one
        for one in tree.body
        if isinstance(one, FUNCTIONS)
        and counts.count(one.name) == 1
        and not any(isinstance(node, ast.Global) for node in ast.walk(one))
        and (loaded(one) & own) <= bound(ast.Module(one.body, [])) | {one.name}
    ]
    kept = [one for one in tree.body if one not in moved]
    if not moved or not any(isinstance(one, FUNCTIONS) for one in kept):
        return None
    other = ast.Module([*[ast.parse(ast.unparse(one)).body[0] for one in imports], *moved], [])
    tree.body = kept
    names = ", ".join(one.name for one in moved)
    return {"parts.py": other, **_with_parts(tree, _parsed(f"from parts import {names}"))}


class _Calls(ast.NodeTransformer):
    """Replaces calls."""

    def __init__(self, replace: Callable[[ast.Call], ast.expr | None]) -> None:
        self.replace = replace
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        new = self.replace(node)
        self.changed |= new is not None
        return new or node


def _is_spawn(call: ast.Call) -> bool:
    is_spawner = ast.unparse(call.func) == "asyncio.create_task"
    return is_spawner and len(call.args) == 1 and isinstance(call.args[0], ast.Call)


def by_a_helper(tree: ast.Module) -> Files | None:
    """Tasks are started by a function of the program."""

    def replace(call: ast.Call) -> ast.expr | None:
        return ast.Call(ast.Name("start_it"), call.args, []) if _is_spawn(call) and not call.keywords else None

    calls = _Calls(replace)
    calls.visit(tree)
    helper = _parsed("def start_it(coroutine):\n    return asyncio.create_task(coroutine)")
    return _with_parts(tree, helper) if calls.changed else None


def by_a_partial(tree: ast.Module) -> Files | None:
    """What a task runs is called through a partial."""

    def replace(call: ast.Call) -> ast.expr | None:
        if not _is_spawn(call) or isinstance(call.args[0].func, ast.Call):
            return None
        inner = call.args[0]
        partial = ast.Call(ast.parse("functools.partial", mode="eval").body, [inner.func, *inner.args], inner.keywords)
        return ast.Call(call.func, [ast.Call(partial, [], [])], call.keywords)

    calls = _Calls(replace)
    calls.visit(tree)
    return _with_parts(tree, _parsed("import functools")) if calls.changed else None


def _plain_coroutines(tree: ast.Module) -> list[ast.AsyncFunctionDef]:
    """Coroutine functions at the top that stand for themselves."""
    return [
        one
        for one in tree.body
        if isinstance(one, ast.AsyncFunctionDef)
        and not one.decorator_list
        and not any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(one))
    ]


def decorated(tree: ast.Module) -> Files | None:
    """Coroutine functions have a decorator that passes everything on."""
    functions = _plain_coroutines(tree)
    for function in functions:
        function.decorator_list.append(ast.Name("passing"))
    decorator = _parsed(
        "import functools\n\n"
        "def passing(function):\n"
        "    @functools.wraps(function)\n"
        "    async def call(*args, **kwargs):\n"
        "        return await function(*args, **kwargs)\n"
        "    return call"
    )
    return _with_parts(tree, decorator) if functions else None


def in_two_functions(tree: ast.Module) -> Files | None:
    """Each coroutine function awaits another one, which does the work."""
    functions = [one for one in _plain_coroutines(tree) if not one.args.kwonlyargs and not one.args.kwarg]
    for function in functions:
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        names += [f"*{function.args.vararg.arg}"] if function.args.vararg else []
        inner = ast.AsyncFunctionDef(**{name: getattr(function, name, None) for name in function._fields})
        inner.name = f"{function.name}_body"
        inner.decorator_list = []
        copied(function, inner)
        # A function without a name of its own for it has no statement of the sample.
        outer = _parsed(f"async def {function.name}():\n    return await {inner.name}({', '.join(names)})")[0]
        outer.args, outer.returns = function.args, function.returns
        place = tree.body.index(function)
        tree.body[place : place + 1] = [inner, outer]
    return {PROGRAM: tree} if functions else None


def as_methods(tree: ast.Module) -> Files | None:
    """Functions are methods of an object."""
    names = [one.name for one in tree.body if isinstance(one, FUNCTIONS)]
    others = bound(ast.Module([one for one in tree.body if not isinstance(one, FUNCTIONS)], []))
    inner = {name for one in tree.body if isinstance(one, FUNCTIONS) for name in bound(ast.Module(one.body, []))}
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    moved = [
        one
        for one in tree.body
        if isinstance(one, ast.AsyncFunctionDef)
        and not one.decorator_list
        and names.count(one.name) == 1
        and one.name not in others | inner | arguments
        and not one.name.startswith("test")
    ]
    if not moved:
        return None
    first = min(tree.body.index(one) for one in moved)
    called = {one.name for one in moved}

    class Mentions(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            is_moved = node.id in called and isinstance(node.ctx, ast.Load)
            return ast.Attribute(ast.Name("frontage", ast.Load()), node.id, ast.Load()) if is_moved else node

    tree = Mentions().visit(tree)
    for function in moved:
        function.args.args.insert(0, ast.arg("self"))
    frontage = ast.ClassDef(name="Frontage", bases=[], keywords=[], body=moved, decorator_list=[], type_params=[])
    kept = [one for one in tree.body if one not in moved]
    kept[first:first] = [frontage, *_parsed("frontage = Frontage()")]
    tree.body = kept
    return {PROGRAM: tree}


#: Bases that make something else of a class that has them than of its heirs.
_SPECIAL = {"Enum", "Protocol", "Generic", "NamedTuple", "TypedDict"}


def with_base_classes(tree: ast.Module) -> Files | None:
    """What a class has, it inherits."""
    changed = False
    for index in range(len(tree.body) - 1, -1, -1):
        one = tree.body[index]
        if not isinstance(one, ast.ClassDef) or one.decorator_list or one.keywords or not one.body:
            continue
        bases = {ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in one.bases}
        if not any(isinstance(member, FUNCTIONS) for member in one.body) or not bases.isdisjoint(_SPECIAL):
            continue
        heir = ast.ClassDef(one.name, [ast.Name(f"{one.name}Base")], [], _parsed("pass"), [], type_params=[])
        one.name += "Base"
        tree.body.insert(index + 1, heir)
        changed = True
    return {PROGRAM: tree} if changed else None


def in_a_list(tree: ast.Module) -> Files | None:
    """A task that has a name of its own is the one element of a list."""
    changed = False
    for function in [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]:
        stores = [
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        ]
        for statement in ast.walk(function):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if (
                    _is_spawn(call) and stores.count(name) == 1 and name != "_"
                ):
                    for node in ast.walk(function):
                        for field, child in ast.iter_fields(node):
                            _put_element(node, field, child, name)
                    statement.value = ast.List([call], ast.Load())
                    changed = True
    return {PROGRAM: tree} if changed else None


def _put_element(node: ast.AST, field: str, child: object, name: str) -> None:
    """Puts `name[0]` in the place of `name`, where that is read."""

    def element(one: object) -> object:
        is_read = isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load)
        return ast.Subscript(one, ast.Constant(0), ast.Load()) if is_read else one

    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 0:
        return
    setattr(node, field, [element(one) for one in child] if isinstance(child, list) else element(child))


def by_other_imports(tree: ast.Module) -> Files | None:
    """asyncio has another name here."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if any("asyncio" in text for text in texts):
        return None
    changed = False
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name == "asyncio" and alias.asname is None:
                    alias.asname = "aio"
                    changed = True
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "asyncio":
            node.id = "aio"
    return {PROGRAM: tree} if changed else None


_OTHERS = """
import asyncio

class Ledger:
    def __init__(self):
        self.pages = []

    async def turn(self, page):
        await asyncio.sleep(0)
        self.pages.append(page)

async def keep_books(ledger):
    for page in range(3):
        await ledger.turn(page)
"""


def with_other_code(tree: ast.Module) -> Files | None:
    """There is code that has nothing to do with it, in the same file."""
    return _with_parts(tree, _parsed(_OTHERS))


def with_a_twin(tree: ast.Module) -> Files | None:
    """Another file, which nobody imports, says the same with the same names, and reads what can be read."""
    definitions, _ = _parted(ast.parse(ast.unparse(tree)))
    return {PROGRAM: tree, "twin/program.py": ast.Module(definitions, [])}


SHAPES = tuple(
    Shape(change.__name__.replace("_", " "), change)
    for change in (
        renamed, reordered, in_another_file, re_exported, spread, by_a_helper, by_a_partial, decorated,
        in_two_functions, as_methods, with_base_classes, in_a_list, by_other_imports, with_other_code, with_a_twin,
    )
)  # fmt: skip
