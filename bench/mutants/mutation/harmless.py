"""Loads of a name that read no outcome: what may remain when the reading is deleted."""

import ast

from . import births
from .source import Source

# Methods of a task or future that tell nothing of its failure.
METHODS = {"cancel", "done", "cancelled", "cancelling", "set_name", "get_name"}


def is_harmless(source: Source, load: ast.Name) -> bool:
    """Whether this load leaves the outcome unread."""
    outer = source.parents[load]
    around = source.parents[outer]
    match outer:
        case ast.Attribute(attr=attr) if isinstance(around, ast.Call) and around.func is outer:
            return method(source, attr, around)
        case ast.Call(func=ast.Name(id="len")):
            return True
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if test is load:
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp():
            return tested(source, outer)
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
        case ast.For(iter=values, target=ast.Name(id=name)) if values is load:
            loads = [node for part in outer.body for node in ast.walk(part) if is_load(node, name)]
            return bool(loads) and all(only_stops(source, node) for node in loads)
    return False


def method(source: Source, attr: str, call: ast.Call) -> bool:
    match attr, call.args:
        case "append" | "add", [ast.expr() as value]:
            return births.is_task(source, value)
        case "add_done_callback", [ast.Attribute(attr="discard" | "remove")]:
            return True
    return attr in METHODS


def only_stops(source: Source, load: ast.Name) -> bool:
    outer = source.parents[load]
    return isinstance(outer, ast.Attribute) and outer.attr in METHODS


def tested(source: Source, node: ast.AST) -> bool:
    """Whether `and` and `or` end in a condition, where only truth counts."""
    outer = source.parents[node]
    if isinstance(outer, ast.BoolOp | ast.UnaryOp):
        return tested(source, outer)
    return isinstance(outer, ast.If | ast.While | ast.IfExp) and outer.test is node


def is_load(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
