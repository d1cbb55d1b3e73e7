"""What a program loses, which is the truth that a log is compared with."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

PROGRAMS = Path(__file__).parents[1] / "programs"


@dataclass(frozen=True)
class Loss:
    """Failures of one cause."""

    kind: str
    #: The coroutine or the callback, as its repr names it.
    coroutine: str | None = None
    #: The last part of the exception's type.
    exception: str | None = None
    count: int = 1
    #: Which comment `# raised: NAME` marks the line; none where the log cannot tell it.
    raised: str | None = None
    #: Whether the log may tell no time of it, as where a warning goes to standard error.
    is_untimed: bool = False

    def times(self, factor: int) -> "Loss":
        return replace(self, count=self.count * factor)


#: The kind that is a warning, and no record of a logger.
WARNED = "coroutine-never-awaited"

#: What `shop.lose()` loses.
LOSSES = (
    Loss("task-failed", "Till.pay", "RuntimeError", 2, "Till.pay"),
    Loss("task-failed", "refill.<locals>.take", "Empty", 1, "refill.<locals>.take"),
    Loss("task-failed", "announce", "ValueError", 1, "announce"),
    Loss("task-failed", "close_up", "ExceptionGroup", 1, "close_up"),
    Loss("future-failed", None, "TimeoutError"),
    Loss("gather-failed", None, "KeyError", 1, "gather"),
    Loss(WARNED, "Shelf.count", None, 1, "Shelf.count"),
    Loss("task-destroyed", "lamp"),
    Loss("callback-raised", "ring", "ZeroDivisionError", 1, "ring"),
)


def marks(program: Path) -> dict[str, int]:
    """The lines that comments mark, of the shop and of a set-up."""
    lines = {}
    for source in (PROGRAMS / "shop.py", program):
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            if found := re.search(r"# raised: (.+)$", line):
                lines[found[1]] = number
    return lines
