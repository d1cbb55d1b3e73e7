"""The sources of a project, and an environment in which its tests run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from suite.project import Project


class Unprepared(Exception):
    """The sources or the environment cannot be had."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Where the tests of a project run."""

    root: Path
    python: Path


def prepare(project: Project, work: Path, python: str, heard: Path) -> Prepared:
    """Fetches, unpacks and installs what is not there yet."""
    folder = work / project.name
    folder.mkdir(parents=True, exist_ok=True)
    environment, root = folder / "environment", folder / "source"
    # Written last, so that what broke off is begun again.
    mark = folder / "made-of"
    made_of = json.dumps([project.sha256, project.needs, python])
    if not mark.exists() or mark.read_text() != made_of:
        sdist = downloaded(project, work / "sdists")
        shutil.rmtree(root, ignore_errors=True)
        _unpack(sdist, root)
        _run([python, "-m", "venv", "--clear", str(environment)])
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        _run([*pip, "--prefer-binary", str(root), *project.needs])
        mark.write_text(made_of)
    _monitor_children(environment, heard)
    return Prepared(root, environment / "bin" / "python")


def downloaded(project: Project, folder: Path) -> Path:
    """The source distribution, whose hash is as pinned."""
    sdist = folder / project.sdist
    if not sdist.exists():
        fetch(project.requirement, folder)
    if not sdist.exists():
        raise Unprepared(f"pip finds another file than {project.sdist} for {project.requirement}: pin it again")
    found = sha256(sdist)
    if found != project.sha256:
        raise Unprepared(f"{sdist} has the hash {found}, and not {project.sha256}: delete it")
    return sdist


def fetch(requirement: str, folder: Path) -> None:
    """Downloads a source distribution with pip."""
    name = requirement.partition("==")[0]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    _run([*pip, "--no-binary", name, "--dest", str(folder), requirement])


def pinned(name: str, requirement: str, work: Path) -> Project:
    """A project with the source distribution that pip finds for it now."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        fetch(requirement, Path(folder))
        (sdist,) = Path(folder).iterdir()
        return Project(name, requirement, sdist.name, sha256(sdist), ("pytest",), ("tests",))


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _unpack(sdist: Path, root: Path) -> None:
    """The files of a source distribution, without the folder that all of them are in."""
    with tempfile.TemporaryDirectory(dir=root.parent) as folder, tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
        (top,) = Path(folder).iterdir()
        top.rename(root)


def _monitor_children(environment: Path, heard: Path) -> None:
    """Lets Python programs that a test starts be monitored too, as the installed package does."""
    starter = heard.parent / "python" / "heard_runtime.data" / "platlib" / "heard_runtime.pth"
    (packages,) = (environment / "lib").glob("python3*/site-packages")
    if starter.exists():
        shutil.copy(starter, packages)


def _run(command: list[str]) -> None:
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    if ran.returncode:
        said = ran.stderr.strip().rpartition("\n")[2]
        raise Unprepared(f"{' '.join(command[:6])} … has failed: {said}")
