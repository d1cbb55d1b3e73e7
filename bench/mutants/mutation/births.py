"""Which expressions start work whose outcome has to be read, told from the syntax alone."""

import ast
from collections.abc import Iterable

from .source import Source

# Coroutines that cannot fail in a way that matters.
CANNOT_FAIL = {"sleep", "wait"}


def kind(source: Source, value: ast.expr) -> str | None:
    """`task`, `thread`, `tasks` (several in a container), `gather` (its results), or none."""
    match value:
        case ast.Await(value=ast.Call() as call) if called(call) == "asyncio.gather":
            return "gather" if collects(call) and all(own(source, arg) for arg in call.args) else None
        case ast.Call() if is_task(source, value):
            return "task"
        case ast.Call(args=[ast.Call(), *_]) if called(value) == "asyncio.run_coroutine_threadsafe":
            return "thread"
        case ast.Call(args=[ast.GeneratorExp(elt=element)]) if called(value) in ("list", "set", "tuple"):
            return "tasks" if is_task(source, element) else None
        case ast.ListComp(elt=element) | ast.SetComp(elt=element):
            return "tasks" if is_task(source, element) else None
        case ast.List(elts=[_, *_] as elements) | ast.Tuple(elts=[_, *_] as elements) | ast.Set(elts=elements):
            return "tasks" if all(is_task(source, element) for element in elements) else None
    return None


def is_task(source: Source, value: ast.expr) -> bool:
    """A call that starts a coroutine made on the spot, of which nobody else holds the task.

    The `create_task` of anything but asyncio and a loop is left out: a task group reads its tasks,
    and so may others.
    """
    match value:
        case ast.Call(func=func, args=[ast.Call() as coroutine, *_]):
            text = ast.unparse(func)
            owner, _, name = text.rpartition(".")
            ours = owner in ("", "asyncio", "aio") or owner.endswith(("loop", "loop()"))
            return ours and name in ("create_task", "ensure_future") and may_fail(source, coroutine)
    return False


def own(source: Source, value: ast.expr) -> bool:
    """Whether an argument of `gather` is made for it, or a local name; the rest others may hold."""
    match value:
        case ast.Starred(value=inner):
            return own(source, inner)
        case ast.Call(func=ast.Name(id="map")):
            return True
        case ast.Call():
            return is_task(source, value) or may_fail(source, value)
        case ast.Name():
            return True
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return isinstance(element, ast.Call) and own(source, element)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(own(source, element) for element in elements)
    return False


def called(call: ast.Call) -> str:
    return ast.unparse(call.func)


def collects(call: ast.Call) -> bool:
    flag = next((keyword.value for keyword in call.keywords if keyword.arg == "return_exceptions"), None)
    return isinstance(flag, ast.Constant) and flag.value is True


def may_fail(source: Source, coroutine: ast.Call) -> bool:
    """Whether a coroutine can fail without logging that itself, as far as its file tells."""
    name = called(coroutine).rpartition(".")[2]
    return name not in CANNOT_FAIL and not any(hears_itself(one) for one in source.functions if one.name == name)


def hears_itself(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A decorator for exceptions, or a handler for all of them around the last statement."""
    decorators = " ".join(ast.unparse(decorator) for decorator in function.decorator_list)
    if "exception" in decorators or "log" in decorators:
        return True
    return any(isinstance(part, ast.Try) and catches_all(part.handlers) for part in within(function.body))


def within(body: list[ast.stmt]) -> Iterable[ast.stmt]:
    """The last statement of a body, and the last ones of the loops and blocks that it is."""
    while body:
        yield body[-1]
        body = getattr(body[-1], "body", None) or []


def catches_all(handlers: list[ast.ExceptHandler]) -> bool:
    names = [ast.unparse(handler.type) if handler.type else "" for handler in handlers]
    return any(name in ("", "Exception", "BaseException") for name in names)
