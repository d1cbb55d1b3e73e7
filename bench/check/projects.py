"""The projects that are measured: pinned packages from PyPI, without what they depend on."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE.parent.parent / "target" / "bench" / "check"
# Wheels for one version of Python, whichever runs this.
TARGET = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--platform", "any"]


def pinned():
    """The names of the projects, each with its requirement."""
    lines = (HERE / "projects.txt").read_text().split()
    return {line.split("==")[0]: line for line in lines}


def project(name):
    """The folder that has the package in it, fetched where it is not there yet."""
    folder = WORK / "projects" / name
    if not folder.exists():
        wheels = WORK / "wheels" / name
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", *TARGET, "-d", wheels, pinned()[name]], check=True)
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        zipfile.ZipFile(next(wheels.glob("*.whl"))).extractall(unfinished)
        unfinished.rename(folder)
    return folder


def lines_in(folder):
    """How many lines its Python files have."""
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py"))


def grown(name, lines, where):
    """A folder of at least so many lines: the package again and again, each time under another name.

    The copies import each other by the names that they have, so each is a program of its own, as the services of one
    repository are.
    """
    folder = WORK / where
    shutil.rmtree(folder, ignore_errors=True)
    source = project(name)
    package = max((path for path in source.iterdir() if path.is_dir() and (path / "__init__.py").exists()), key=lambda path: len([*path.rglob("*.py")]))
    files = sorted(path for path in package.rglob("*.py"))
    copy = written = 0
    while written < lines:
        for path in files:
            text = path.read_text(encoding="utf-8").replace(f"{package.name}.", f"{package.name}_{copy}.").replace(f"from {package.name} ", f"from {package.name}_{copy} ")
            target = folder / f"{package.name}_{copy}" / path.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written += text.count("\n")
            if written >= lines:
                break
        copy += 1
    return folder
