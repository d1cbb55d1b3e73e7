"""What a suspended coroutine will do with its variables, and with what it waits for.

Asked only when something has failed, and remembered by code object.
"""

from __future__ import annotations

import dis
import functools
import types
import typing
from collections.abc import Iterator

from heard import _native

#: Code that names one of these may read a variable in a way that no instruction shows.
_REFLECTION = frozenset({"locals", "vars", "eval", "exec", "dir", "_getframe", "currentframe"})
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


class _Flow:
    """The instructions of a code object, where each leads, and the variables that are read from there on."""

    def __init__(self, code: types.CodeType) -> None:
        self.instructions = list(dis.get_instructions(code))
        self.index = {instruction.offset: index for index, instruction in enumerate(self.instructions)}
        self.handlers = list(_handlers(code))
        count = len(self.instructions)
        self.normal: list[list[int]] = [[] for _ in range(count)]
        self.raising: list[list[int]] = [[] for _ in range(count)]
        for index, instruction in enumerate(self.instructions):
            if instruction.opname not in _ENDS and index + 1 < count:
                self.normal[index].append(index + 1)
            if instruction.opcode in _JUMPS and instruction.argval in self.index:
                self.normal[index].append(self.index[instruction.argval])
            for start, end, target in self.handlers:
                if start <= instruction.offset < end:
                    self.raising[index].append(self.index[target])
        self.live = self._live()
        self.handled = self._handled()

    def _handled(self) -> list[int]:
        """How many exceptions are being handled at each instruction."""
        levels: dict[int, int] = {}
        waiting = [(0, 0)]
        while waiting:
            # The lowest first: a protected region is entered at its first instruction, with nothing more on the stack.
            waiting.sort(reverse=True)
            index, level = waiting.pop()
            if index in levels:
                continue
            levels[index] = level
            waiting += [(other, level) for other in self.raising[index]]
            name = self.instructions[index].opname
            level += (name == "PUSH_EXC_INFO") - (name == "POP_EXCEPT")
            waiting += [(other, level) for other in self.normal[index]]
        return [levels.get(index, 0) for index in range(len(self.instructions))]

    def _live(self) -> list[frozenset[str]]:
        """The variables that are read after each instruction and before they are set anew."""
        count = len(self.instructions)
        before: list[frozenset[str]] = [frozenset()] * count
        after: list[frozenset[str]] = [frozenset()] * count
        effects = [_effect(instruction) for instruction in self.instructions]
        changed = True
        while changed:
            changed = False
            for index in reversed(range(count)):
                out = frozenset().union(*(before[other] for other in self.normal[index]))
                caught = frozenset().union(*(before[other] for other in self.raising[index]))
                now = out
                for kind, name in reversed(effects[index]):
                    now = now | {name} if kind == "read" else now - {name}
                now |= caught
                after[index] = out | caught
                if now != before[index]:
                    before[index] = now
                    changed = True
        return after

    def after_await(self, last: int) -> int | None:
        """The index of the instruction that takes the value of the `await` at which it is suspended."""
        index = self.index.get(last)
        while index is not None and index >= 0 and self.instructions[index].opname != "SEND":
            index -= 1
        if index is None or index < 0:
            return None
        index = self.index.get(self.instructions[index].argval)
        while (
            index is not None
            and index < len(self.instructions)
            and self.instructions[index].opname in ("END_SEND", "NOP", "CACHE")
        ):
            index += 1
        return index


@functools.lru_cache(maxsize=256)
def _flow(code: types.CodeType) -> _Flow:
    return _Flow(code)


def _effect(instruction: dis.Instruction) -> list[tuple[str, str]]:
    """What an instruction does to variables, in order."""
    name = instruction.opname
    names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
    if name.startswith(("STORE_FAST_LOAD_FAST", "STORE_FAST__LOAD_FAST")) and len(names) == 2:
        return [("write", names[0]), ("read", names[1])]
    if name.startswith("LOAD_FAST") or name in ("LOAD_CLOSURE", "LOAD_DEREF", "LOAD_CLASSDEREF"):
        return [("read", str(one)) for one in names]
    if name.startswith("STORE_FAST"):
        return [("write", str(one)) for one in names]
    if name == "DELETE_FAST":
        return [("write", str(names[0]))]
    return []


def _handlers(code: types.CodeType) -> Iterator[tuple[int, int, int]]:
    """The exception table: the first offset, the one after the last, and the handler's."""
    numbers = _numbers(code.co_exceptiontable)
    for start in numbers:
        length, target, _ = next(numbers), next(numbers), next(numbers)
        yield start * 2, (start + length) * 2, target * 2


def _numbers(table: bytes) -> Iterator[int]:
    """Six bits a byte; 64 says that more follows."""
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            yield value
            value = 0


def _suspended(coroutine: typing.Any) -> types.FrameType | None:
    """The frame of a suspended coroutine, generator or asynchronous generator."""
    for prefix in ("cr", "gi", "ag"):
        if hasattr(coroutine, f"{prefix}_frame"):
            running = getattr(coroutine, f"{prefix}_running")
            frame: types.FrameType | None = getattr(coroutine, f"{prefix}_frame")
            # An asynchronous generator counts as running while somebody waits for it, suspended or not.
            return None if running and prefix != "ag" else frame
    return None


def dead_name(coroutine: typing.Any, value: object, count: int) -> str | None:
    """The variable through which a suspended coroutine refers to a value, if it never reads that variable again.

    `None` if it may read it, or if it refers to the value in another way: `count` is how often it does.
    """
    frame = _suspended(coroutine)
    if frame is None:
        return None
    code = frame.f_code
    if not _REFLECTION.isdisjoint(code.co_names):
        return None
    names = [name for name in code.co_varnames if name not in code.co_cellvars and _value(frame, name) is value]
    # On Python up to 3.12, a look at all variables leaves a copy of them in the frame.
    if len(names) != count or not _flow_is_dead(code, frame.f_lasti, names):
        return None
    return f"the variable `{names[0]}` of {code.co_qualname}"


def _flow_is_dead(code: types.CodeType, last: int, names: list[str]) -> bool:
    flow = _flow(code)
    index = flow.index.get(last)
    return index is not None and flow.live[index].isdisjoint(names)


def _value(frame: types.FrameType, name: str) -> object:
    value = _native.variable(frame, name)
    if value is not None or _HAS_VARIABLE:
        return value
    variables = frame.f_locals
    value = variables.get(name)
    # The frame keeps this dictionary, and with it all that its variables hold now. Only code that asks for
    # `locals()` would miss it, and such code has been left alone.
    variables.clear()
    return value


_HAS_VARIABLE = _native.has_variable()


def fate_of_result(
    coroutines: list[typing.Any], failed: int, is_internal: typing.Callable[[types.CodeType], bool]
) -> str:
    """What becomes of the list that the last of these coroutines waits for; each waits for the next.

    "dropped", "unread" (kept under a name that is never read), or "used", which includes whatever is not understood.
    `failed` is the index of the element in question.
    """
    for coroutine in reversed(coroutines):
        frame = _suspended(coroutine)
        if frame is None:
            return "used"
        if is_internal(frame.f_code):
            # `wait_for` and its like return what they wait for.
            continue
        flow = _flow(frame.f_code)
        index = flow.after_await(frame.f_lasti)
        if index is None or index >= len(flow.instructions):
            return "used"
        operation = flow.instructions[index]
        if operation.opname == "POP_TOP":
            return "dropped"
        if operation.opname == "RETURN_VALUE":
            continue
        if not _REFLECTION.isdisjoint(frame.f_code.co_names):
            return "used"
        if operation.opname == "STORE_FAST":
            return "unread" if operation.argval not in flow.live[index] else "used"
        if operation.opname == "UNPACK_SEQUENCE":
            return _unpacked(flow, index, failed)
        return "used"
    return "used"


def _unpacked(flow: _Flow, index: int, failed: int) -> str:
    names: list[str] = []
    wanted = flow.instructions[index].arg or 0
    for at in range(index + 1, min(index + 1 + wanted, len(flow.instructions))):
        operation = flow.instructions[at]
        if operation.opname == "STORE_FAST":
            names.append(operation.argval)
        elif operation.opname == "STORE_FAST_STORE_FAST":
            names.extend(operation.argval)
        elif operation.opname == "POP_TOP":
            names.append("")
        else:
            return "used"
        if len(names) >= wanted:
            unread = failed < len(names) and (names[failed] == "" or names[failed] not in flow.live[at])
            return "unread" if unread else "used"
    return "used"


def in_handler(code: types.CodeType, last: int) -> bool:
    """Whether an instruction stands in the body of a handler, a `finally` or the end of a `with` that an exception
    has led to."""
    flow = _flow(code)
    index = flow.index.get(last)
    return index is not None and flow.handled[index] > 0
