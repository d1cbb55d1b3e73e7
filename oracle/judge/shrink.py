"""Makes a program that shows something as small as may be."""

from __future__ import annotations

import time
from collections.abc import Callable

from generator.program import Program

#: Programs that are tried at most, and seconds in which the last of them starts: some hang.
_MOST = 200
_SECONDS = 40


def smallest(program: Program, still: Callable[[Program], bool]) -> Program:
    """The smallest program that is found by replacing choices with simpler ones while it `still` shows it."""
    tried, end = 0, time.monotonic() + _SECONDS
    again = True
    while again:
        again = False
        for smaller in program.simpler():
            tried += 1
            if tried > _MOST or time.monotonic() > end:
                return program
            if still(smaller):
                program, again = smaller, True
                break
    return program
