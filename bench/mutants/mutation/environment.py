"""The two virtual environments: one with the packages, one with the tools."""

import subprocess
import sys
from pathlib import Path

from .packages import HERE, Package


def prepare(work: Path, packages: list[Package], tools: list[str]) -> None:
    """Makes what is not there yet."""
    work.mkdir(parents=True, exist_ok=True)
    with_types = [package.requirement for package in packages if package.dependencies]
    alone = [package.requirement for package in packages if not package.dependencies]
    pins = ["-c", str(HERE / "constraints.txt")]
    install(work / "packages", [[*pins, *with_types], ["--no-deps", *alone]])
    install(work / "tools", [tools])


def install(environment: Path, steps: list[list[str]]) -> None:
    # Written last, so that an installation that broke off is begun again.
    mark = environment / "installed.txt"
    wanted = "\n".join(" ".join(step) for step in steps)
    if mark.exists() and mark.read_text() == wanted:
        return
    print(f"installing into {environment}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    for step in filter(None, steps):
        pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *step], check=True)
    mark.write_text(wanted)


def site_packages(work: Path) -> Path:
    return next((work / "packages" / "lib").glob("python3.*")) / "site-packages"
