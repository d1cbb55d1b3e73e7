"""What becomes of the lines of a program on their way into a file.

Each collector is tried on the bare output of a program and on a log whose lines have a time and a logger.
"""

from . import consoles, containers, exports, parents, prefixes
from .collector import Collector

COLLECTORS = (
    *prefixes.COLLECTORS,
    *parents.COLLECTORS,
    *containers.COLLECTORS,
    *exports.COLLECTORS,
    *consoles.COLLECTORS,
)

__all__ = ["COLLECTORS", "Collector"]
