"""The package as it is installed."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

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
        + [f"*{argument.arg}" for argument in (node.args.vararg,) if argument]
        + [f"**{argument.arg}" for argument in (node.args.kwarg,) if argument]
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


def python_m_heard(scripts: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m heard`, where pip has put its scripts into this folder."""
    program = f"import sysconfig; sysconfig.get_path = lambda *_: {str(scripts)!r}; from heard.launch.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="the program that stands for heard is a shell script")
def test_other_commands_are_those_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "heard"
    program.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    program.chmod(0o755)
    ran = python_m_heard(tmp_path, "check", "--level", "strict", "a b")
    assert (ran.stdout, ran.stderr, ran.returncode) == ("check --level strict a b\n", "", 7)


def test_where_the_program_is_missing_it_says_how_to_install_it(tmp_path: Path) -> None:
    ran = python_m_heard(tmp_path, "check")
    assert ran.returncode == 2 and ran.stdout == ""
    assert f"`{sys.executable} -m pip install heard=={heard.__version__}`" in ran.stderr
