"""The analysers, each configured to find as much as it can without a rule for every unused value."""

from collections.abc import Callable

from . import heard, mypy, pyrefly, pyright, ty
from .run import Finding, Run, ToolFailed

# Each gives its findings by column of the tables.
TOOLS: dict[str, Callable[[Run], dict[str, list[Finding]]]] = {
    "heard": heard.check,
    "ty": ty.check,
    "mypy": mypy.check,
    "pyright": pyright.check,
    "pyrefly": pyrefly.check,
}

__all__ = ["TOOLS", "Finding", "Run", "ToolFailed"]
