"""Downloads wheels with pip, checks their hashes, and unpacks them into projects of their own."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from .expected import Expected

# Wheels for one platform, whatever this machine is: other wheels have other files, so other hashes.
PLATFORM = ["--implementation=cp", "--python-version=3.14", "--abi=cp314", "--abi=abi3", "--abi=none"] + [
    f"--platform={platform}_x86_64" for platform in ("manylinux_2_28", "manylinux_2_27", "manylinux2014", "linux")
]

# Makes the folder a project, and pins the Python version that the code is read for.
PROJECT = '[project]\nname = "ecosystem"\nversion = "0"\nrequires-python = ">=3.14"\n'


class FetchFailed(Exception):
    """A package cannot be had, or is not the one that was judged."""


def unpacked(package: Expected, work: Path) -> Path:
    """The folder with the package, and nothing else."""
    folder = work / "packages" / package.name
    # Written last, so that what broke off is begun again.
    mark = folder / "unpacked.txt"
    if mark.exists() and mark.read_text() == package.sha256:
        return folder
    wheel = downloaded(package, work / "wheels")
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    mark.write_text(package.sha256)
    return folder


def downloaded(package: Expected, folder: Path) -> Path:
    wheel = folder / package.wheel
    if not wheel.exists():
        download(package.requirement, folder)
    if not wheel.exists():
        raise FetchFailed(f"pip finds another wheel than {package.wheel} for {package.requirement}: pin it again")
    found = sha256(wheel)
    if found != package.sha256:
        raise FetchFailed(
            f"{wheel} has the hash {found}, and not {package.sha256}: delete it, and do not trust what it holds"
        )
    return wheel


def pinned(name: str, requirement: str, work: Path) -> Expected:
    """The package with the wheel that pip finds for it now."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        download(requirement, Path(folder))
        (wheel,) = Path(folder).iterdir()
        return Expected(name, requirement, wheel.name, sha256(wheel))


def download(requirement: str, folder: Path) -> None:
    print(f"downloading {requirement}", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", folder]
    run = subprocess.run(
        [*pip, "--no-deps", "--ignore-requires-python", "--only-binary=:all:", *PLATFORM, requirement],
        text=True,
        stderr=subprocess.PIPE,
    )
    if run.returncode:
        # The lines above the last one list all versions there are.
        said = run.stderr.strip().rpartition("\n")[2]
        raise FetchFailed(f"pip cannot download {requirement}: {said}")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def empty_environment(work: Path) -> Path:
    """A virtual environment without packages, so that no finding depends on what is installed here."""
    folder = work / "python"
    if not (folder / "pyvenv.cfg").exists():
        venv.create(folder)
    return folder
