"""How code looks at the failure of an outcome: whether it does anything with it, or only asks if there is one.

The instruction that asks and the one after it tell. What is not understood counts as a look: nothing that was read may
be called unread. Only failures pay for it, and once for a place in the program.
"""

from __future__ import annotations

import bisect
import dis
import functools
import types
import typing

#: What follows where only the presence of a failure matters: a jump, a conversion to bool, a comparison by identity.
#: A statement that is nothing but `outcome.error` has no such end: it says that the failure has been seen.
_TESTS = ("POP_JUMP_", "TO_BOOL", "UNARY_NOT", "IS_OP")
#: Instructions that do nothing of their own.
_EMPTY = ("CACHE", "EXTENDED_ARG", "NOP")
_MOST_PLACES = 1024


def is_test(frame: types.FrameType) -> bool:
    """Whether this frame loads an attribute, and only to ask whether that is `None`, or true."""
    return _look(frame.f_code, frame.f_lasti) == "test"


def is_match(frame: types.FrameType) -> bool:
    """Whether this frame compares something with the pattern of a class."""
    return _look(frame.f_code, frame.f_lasti) == "match"


@functools.lru_cache(_MOST_PLACES)
def _look(code: types.CodeType, last: int) -> typing.Literal["test", "match", "other"]:
    instructions = [one for one in dis.get_instructions(code) if one.opname not in _EMPTY]
    # The last instruction may be known by the place of one of its caches.
    index = bisect.bisect_right(instructions, last, key=lambda one: one.offset) - 1
    if index < 0:
        return "other"
    if instructions[index].opname == "MATCH_CLASS":
        return "match"
    after = instructions[index + 1 : index + 3]
    if instructions[index].opname != "LOAD_ATTR" or len(after) < 2:
        return "other"
    is_compared = after[0].opname == "LOAD_CONST" and after[0].argval is None
    compares = after[1].opname == "IS_OP" or after[1].opname == "COMPARE_OP" and "=" in str(after[1].argval)
    return "test" if after[0].opname.startswith(_TESTS) or is_compared and compares else "other"
