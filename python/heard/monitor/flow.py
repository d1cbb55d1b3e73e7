"""The instructions of a function, where each leads to, and which variables are read from there on.

It takes time in proportion to the length of the code, and is remembered. Only failures pay for it.
"""

from __future__ import annotations

import bisect
import collections
import dis
import functools
import heapq
import types
from collections.abc import Iterator

_ENDS = frozenset(
    {
        "RETURN_VALUE",
        "RETURN_CONST",
        "RAISE_VARARGS",
        "RERAISE",
        "JUMP_FORWARD",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
    }
)
_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs) | frozenset(getattr(dis, "hasjump", ()))
#: Bytes of code that take about 5 ms to analyse: more is never done where a loop waits for it.
_SHORT = 4_000
#: Bytes of code that nobody looks at.
_LONGEST = 400_000
_REMEMBERED = 256
#: How conditional jumps end that drop what they ask about.
_CONDITIONS = ("_IF_TRUE", "_IF_FALSE", "_IF_NONE", "_IF_NOT_NONE")
#: What stands between the iterator and the loop of a comprehension.
_BEFORE_LOOP = frozenset({"LOAD_FAST_AND_CLEAR", "SWAP", "BUILD_LIST", "BUILD_SET", "BUILD_MAP", "EXTENDED_ARG", "NOP"})
#: What an instruction does to a variable that may do it to two.
_FAST = ("LOAD_FAST", "STORE_FAST", "LOAD_FAST_BORROW")
#: Functions of Python that look at a list and at nothing in it.
MEASURES = frozenset({"len", "bool"})


class Flow:
    """The instructions of a code object, where each leads, and the variables that are read from there on."""

    def __init__(self, code: types.CodeType) -> None:
        self.instructions = [one for instruction in dis.get_instructions(code) for one in _parts(instruction)]
        self.index: dict[int, int] = {}
        for index, instruction in enumerate(self.instructions):
            # Who jumps to one of several parts jumps to the first.
            self.index.setdefault(instruction.offset, index)
        self.names: dict[str, int] = {}
        count = len(self.instructions)
        self.normal: list[tuple[int, ...]] = []
        #: The handler that an exception of each instruction leads to, or -1.
        self.raising = [-1] * count
        handlers = sorted(_handlers(code))
        starts = [start for start, _, _, _ in handlers]
        #: How many values are on the stack where each handler begins.
        self.begun = {self.index[target]: height for _, _, target, height in handlers if target in self.index}
        for index, instruction in enumerate(self.instructions):
            following: tuple[int, ...] = (index + 1,) if instruction.opname not in _ENDS and index + 1 < count else ()
            if instruction.opcode in _JUMPS and instruction.argval in self.index:
                following += (self.index[instruction.argval],)
            self.normal.append(following)
            at = bisect.bisect_right(starts, instruction.offset) - 1
            if at >= 0 and instruction.offset < handlers[at][1]:
                self.raising[index] = self.index.get(handlers[at][2], -1)
        self.live = self._live()
        self.handled = self._handled()

    def is_live(self, index: int, name: str) -> bool:
        """Whether a variable is read after an instruction, and before it is set anew."""
        return bool(self.live[index] & self._bit(name))

    @functools.cached_property
    def _looked_into(self) -> list[int]:
        measured = frozenset(index for index in range(len(self.instructions)) if self._is_measured(index))
        return self._read_after(measured) if measured else self.live

    def is_looked_into(self, index: int, name: str) -> bool:
        """Whether a variable is read after an instruction for more than whether it is empty and how long it is."""
        return bool(self._looked_into[index] & self._bit(name))

    def _is_measured(self, index: int) -> bool:
        """Whether an instruction reads a variable for `len(…)`, `bool(…)`, a condition, or a loop that passes over what is
        in it."""
        if not self.instructions[index].opname.startswith("LOAD_FAST") or index + 1 >= len(self.instructions):
            return False
        if self._is_test(index + 1) or self.passes_over(index + 1):
            return True
        before = self.instructions[index - 1]
        call = self.instructions[index + 1]
        is_measure = before.opname == "LOAD_GLOBAL" and before.argval in MEASURES
        return is_measure and call.opname in ("PRECALL", "CALL") and call.arg == 1

    def takes_measure(self, index: int) -> bool:
        """Whether an instruction hands what is on top of the stack to `len(…)` or `bool(…)`, or asks whether it is
        true, and that is all that becomes of it."""
        operation = self.instructions[index]
        if self._is_test(index):
            return True
        if operation.opname not in ("PRECALL", "CALL") or operation.arg != 1:
            return False
        # What is called, its second half and the value were pushed since the stack was lower by three.
        heights, at = self._heights, index
        below = heights.get(index, 0) - 3
        while at > 0 and heights.get(at, 0) > below:
            at -= 1
        callee = self.instructions[at]
        # With the odd argument it is called as it is loaded, and not as one of several, as in `(report or len)(…)`.
        is_called = callee.opname == "LOAD_GLOBAL" and callee.arg is not None and callee.arg & 1 == 1
        return heights.get(at) == below and is_called and callee.argval in MEASURES

    def _is_test(self, index: int) -> bool:
        """Whether an instruction asks whether what is on top of the stack is true, or is a constant, and drops it."""
        operation = self.instructions[index].opname
        if operation == "LOAD_CONST":
            return self._operation(index + 1) == "IS_OP"
        is_jump = operation.startswith("POP_JUMP") and operation.endswith(_CONDITIONS)
        return is_jump or operation in ("TO_BOOL", "UNARY_NOT")

    def passes_over(self, index: int) -> bool:
        """Whether an instruction begins a loop over what is on top of the stack, in which nothing reads an element."""
        if self.instructions[index].opname != "GET_ITER":
            return False
        index += 1
        # A comprehension first puts away the variable whose name it uses, and makes what it fills.
        while self._operation(index) in _BEFORE_LOOP:
            index += 1
        if self._operation(index) != "FOR_ITER":
            return False
        taken = self._operation(index + 1)
        return taken == "POP_TOP" or taken == "STORE_FAST" and not self.is_live(index + 1, self.instructions[index + 1].argval)

    def _operation(self, index: int) -> str:
        return self.instructions[index].opname if index < len(self.instructions) else ""

    def after_copies(self, index: int) -> int | None:
        """Where what is on top of the stack goes, after copies of it went to variables in which nothing looks into it;
        `None` if something may look into one."""
        while self._operation(index) == "COPY" and self.instructions[index].arg == 1:
            if self._operation(index + 1) != "STORE_FAST":
                return None
            if self.is_looked_into(index + 1, self.instructions[index + 1].argval):
                return None
            index += 2
        return index if index < len(self.instructions) else None

    @functools.cached_property
    def _heights(self) -> dict[int, int]:
        """How many values are on the stack before each instruction. Behind an `async for` stands what an exception leads
        to: the one that ends it."""
        heights: dict[int, int] = {}
        waiting = [*self.begun.items(), (0, 0)]
        while waiting:
            index, height = waiting.pop()
            if index in heights:
                continue
            heights[index] = height
            instruction = self.instructions[index]
            argument = instruction.arg if instruction.opcode >= dis.HAVE_ARGUMENT else None
            for other in self.normal[index]:
                jumps = other != index + 1
                waiting.append((other, height + dis.stack_effect(instruction.opcode, argument, jump=jumps)))
        return heights

    def _bit(self, name: str) -> int:
        return 1 << self.names.setdefault(name, len(self.names))

    def _handled(self) -> list[int]:
        """How many exceptions are being handled at each instruction."""
        levels: dict[int, int] = {}
        waiting = [(0, 0)]
        while waiting:
            # The lowest first: a protected region is entered at its first instruction, with nothing more on the stack.
            index, level = heapq.heappop(waiting)
            if index in levels:
                continue
            levels[index] = level
            if self.raising[index] >= 0:
                heapq.heappush(waiting, (self.raising[index], level))
            name = self.instructions[index].opname
            level += (name == "PUSH_EXC_INFO") - (name == "POP_EXCEPT")
            for other in self.normal[index]:
                heapq.heappush(waiting, (other, level))
        return [levels.get(index, 0) for index in range(len(self.instructions))]

    def _live(self) -> list[int]:
        """The variables that are read after each instruction, as a set of bits."""
        return self._read_after(frozenset())

    def _read_after(self, measured: frozenset[int]) -> list[int]:
        """The same without the reads of these instructions."""
        count = len(self.instructions)
        before = [0] * count
        after = [0] * count
        kept, read = [-1] * count, [0] * count
        for index, instruction in enumerate(self.instructions):
            for is_read, name in reversed(_effect(instruction)) if index not in measured else ():
                bit = self._bit(name)
                if is_read:
                    read[index] |= bit
                else:
                    read[index] &= ~bit
                    kept[index] &= ~bit
        changed = True
        # A pass for every loop within a loop, and two more.
        while changed:
            changed = False
            for index in range(count - 1, -1, -1):
                out = 0
                for other in self.normal[index]:
                    out |= before[other]
                handler = self.raising[index]
                caught = before[handler] if handler >= 0 else 0
                now = out & kept[index] | read[index] | caught
                after[index] = out | caught
                if now != before[index]:
                    before[index] = now
                    changed = True
        return after

    def reaches(self, start: int, end: int) -> bool:
        """Whether one instruction leads to another one."""
        seen = {start}
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at == end:
                return True
            for other in (*self.normal[at], self.raising[at]):
                if other >= 0 and other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return False

    def send_of(self, last: int) -> int | None:
        """The index of the instruction that sends into the `await` at which it is suspended, or which it begins."""
        index = self.index.get(last)
        if index is not None and self.instructions[index].opname == "GET_AWAITABLE":
            # The value to be sent is loaded, and then it is.
            return index + 2 if self.instructions[index + 2].opname == "SEND" else None
        while index is not None and index >= 0 and self.instructions[index].opname in _BEHIND_SEND:
            index -= 1
        # Anything else before it says that this is a `yield`, or an `await` that has not come to send.
        return index if index is not None and index >= 0 and self.instructions[index].opname == "SEND" else None

    def after_await(self, last: int) -> int | None:
        """The index of the instruction that takes the value of the `await` at which it is suspended."""
        index = self.send_of(last)
        if index is None:
            return None
        index = self.index.get(self.instructions[index].argval)
        while (
            index is not None
            and index < len(self.instructions)
            and self.instructions[index].opname in ("END_SEND", "NOP", "CACHE")
        ):
            index += 1
        return index


#: What stands between the instruction that sends into an `await` and the one at which it is suspended.
_BEHIND_SEND = frozenset({"YIELD_VALUE", "RESUME", "CACHE", "NOP", "EXTENDED_ARG"})

#: By the address of the code, which is kept here as well.
_flows: collections.OrderedDict[int, tuple[types.CodeType, Flow]] = collections.OrderedDict()
_wanted: collections.deque[types.CodeType] = collections.deque(maxlen=_REMEMBERED)


def flow(code: types.CodeType) -> Flow | None:
    """The flow of a function, however long that takes; `None` for one that is out of all proportion."""
    if is_out_of_proportion(code):
        return None
    known = _flows.get(id(code))
    if known is not None:
        return known[1]
    found = Flow(code)
    _flows[id(code)] = code, found
    while len(_flows) > _REMEMBERED:
        _flows.popitem(last=False)
    return found


def flow_at_once(code: types.CodeType) -> Flow | None:
    """The flow of a function, if it is known or short; `None` for what has to be analysed elsewhere first."""
    known = _flows.get(id(code))
    if known is not None:
        return known[1]
    if len(code.co_code) <= _SHORT:
        return flow(code)
    if len(code.co_code) <= _LONGEST:
        _wanted.append(code)
    return None


def is_out_of_proportion(code: types.CodeType) -> bool:
    """Whether there will never be a flow of it."""
    return len(code.co_code) > _LONGEST


def analyse_wanted() -> None:
    """Analyses what was asked for and is long. Called in a thread of its own, beside the program."""
    while _wanted:
        code = _wanted.popleft()
        if id(code) not in _flows:
            flow(code)


def _effect(instruction: dis.Instruction) -> list[tuple[bool, str]]:
    """What an instruction does to variables, in order: whether it reads, or else writes, and which."""
    name = instruction.opname
    if name.startswith("LOAD_FAST") or name in ("LOAD_CLOSURE", "LOAD_DEREF", "LOAD_CLASSDEREF"):
        return [(True, str(instruction.argval))]
    if name.startswith("STORE_FAST") or name == "DELETE_FAST":
        return [(False, str(instruction.argval))]
    return []


def _parts(instruction: dis.Instruction) -> list[dis.Instruction]:
    """The instructions that one stands for which reads and writes two variables, as `STORE_FAST_LOAD_FAST`."""
    names = instruction.argval
    if not isinstance(names, tuple) or "_FAST_" not in instruction.opname:
        return [instruction]
    first, second = _TWO.get(instruction.opname.replace("__", "_"), ("", ""))
    if first not in dis.opmap or second not in dis.opmap or len(names) != 2:
        return [instruction]
    parts = zip((first, second), names, strict=True)
    return [instruction._replace(opname=name, opcode=dis.opmap[name], argval=variable) for name, variable in parts]


_TWO = {f"{first}_{second}": (first, second) for first in _FAST for second in _FAST}


def _handlers(code: types.CodeType) -> Iterator[tuple[int, int, int, int]]:
    """The exception table: the first offset, the one after the last, the handler's, and how many values are on the stack
    where that begins."""
    numbers = _numbers(code.co_exceptiontable)
    for start in numbers:
        length, target, stack = next(numbers), next(numbers), next(numbers)
        # The lowest bit: whether the place where it was raised is put there, too, before the exception.
        yield start * 2, (start + length) * 2, target * 2, (stack >> 1) + (stack & 1) + 1


def _numbers(table: bytes) -> Iterator[int]:
    """Six bits a byte; 64 says that more follows."""
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            yield value
            value = 0
