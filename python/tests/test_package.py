"""The package as it is installed."""

import ast
import importlib.metadata
from pathlib import Path

import heard
from heard import _native


def test_the_version_is_the_one_of_the_distribution() -> None:
    assert heard.__version__ == importlib.metadata.version("heard-runtime")


def test_pytest_finds_the_plugin() -> None:
    [point] = importlib.metadata.distribution("heard-runtime").entry_points.select(group="pytest11")
    assert point.name == "heard"
    assert hasattr(point.load(), "pytest_configure")


def test_the_stubs_name_what_the_native_module_has() -> None:
    stubs = ast.parse(Path(heard.__file__).with_name("_native.pyi").read_text())
    functions = {
        node.name: [argument.arg for argument in node.args.args]
        for node in stubs.body
        if isinstance(node, ast.FunctionDef)
    }
    classes = {node.name for node in stubs.body if isinstance(node, ast.ClassDef)}
    assert classes == {name for name, there in vars(_native).items() if isinstance(there, type)}
    assert set(functions) == {name for name, there in vars(_native).items() if callable(there)} - classes
    for name, arguments in functions.items():
        signature = getattr(_native, name).__text_signature__
        named = [part.split("=")[0].strip() for part in signature.strip("()").split(",") if part.strip()]
        assert named == arguments, name
