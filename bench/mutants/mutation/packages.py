"""What is measured and with what, from `packages.toml`; all versions are pinned."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    # The folder in `site-packages` that is mutated.
    folder: str
    # Whether it takes part in the first part too; then it has its dependencies.
    awaits: bool = False
    # Whether its dependencies are installed, so that type checkers have types.
    dependencies: bool = False

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"


def pinned() -> tuple[list[Package], list[str]]:
    """The packages, and the requirements of the tools."""
    data = tomllib.loads((HERE / "packages.toml").read_text())
    return [Package(**entry) for entry in data["package"]], data["tools"]
