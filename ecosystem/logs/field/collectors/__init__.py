"""What becomes of the lines of a program on their way into a file.

Each collector is tried on the bare output of a program and on a log whose lines have a time and a logger.
"""

from . import consoles, containers, prefixes
from .collector import Collector

COLLECTORS = (*prefixes.COLLECTORS, *containers.COLLECTORS, *consoles.COLLECTORS)

__all__ = ["COLLECTORS", "Collector"]
