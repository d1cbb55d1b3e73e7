"""Makes a program that shows something as small as may be."""

from __future__ import annotations

from collections.abc import Callable

from generator.program import Program

#: Programs that are tried at most.
_MOST = 200


def smallest(program: Program, still: Callable[[Program], bool]) -> Program:
    """The smallest program that is found by replacing choices with simpler ones while it `still` shows it."""
    tried = 0
    again = True
    while again:
        again = False
        for smaller in program.simpler():
            tried += 1
            if tried > _MOST:
                return program
            if still(smaller):
                program, again = smaller, True
                break
    return program
