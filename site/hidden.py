#!/usr/bin/env python3
"""What each Python says of a failure that nobody reads, and when: hidden.py [--write] PYTHON...

Each way to start work is one small program, in which that work fails. It is run by each interpreter, and what stands on
standard error is told by when it came. The table stands in `docs/why.md`, between two comments; `--write` makes it anew
(which wants all of the interpreters), and without it `problems` compares, with those that are there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "why.md"
_BEGIN, _END = "<!-- made by site/hidden.py -->\n", "<!-- end -->\n"
#: Seconds for programs that take a tenth of one.
_PATIENCE = 60
#: What the program says on standard error between its parts. What Python says in between came then.
_SIGN = "-- "
_PARTS = ("at once", "when collected", "at exit")

#: The steps of `start` run in `main`; what lives longer is in `kept`.
_PROGRAM = """
import asyncio, concurrent.futures, gc, sys, threading

kept = []
pool = concurrent.futures.ThreadPoolExecutor(1)


def part(name):
    gc.collect()
    print("{sign}" + name, file=sys.stderr, flush=True)


def fail():
    raise OSError("the failure")


async def work():
    raise OSError("the failure")


async def numbers():
    try:
        yield 1
    finally:
        raise OSError("the failure")


async def pause():
    # The pool has one thread, so what was given to it before is done then.
    await asyncio.get_running_loop().run_in_executor(pool, gc.collect)
    for _ in range(5):
        await asyncio.sleep(0.01)


async def start():
{start}


async def main():
    asyncio.get_running_loop().set_default_executor(pool)
    part("{parts[0]}")
    await start()
    await pause()
    part("{parts[1]}")
    kept.clear()
    await pause()
    part("{parts[2]}")


asyncio.run(main())
"""

#: How each is called on the page, and its lines.
PRIMITIVES = {
    "`create_task(work())`": "asyncio.create_task(work())",
    "`kept.append(create_task(work()))`": "kept.append(asyncio.create_task(work()))",
    "the same, with a done callback that asks for `exception()`": (
        "kept.append(asyncio.create_task(work())); kept[0].add_done_callback(lambda task: task.exception())"
    ),
    "`await gather(work(), return_exceptions=True)`": "await asyncio.gather(work(), return_exceptions=True)",
    "`await gather(work(), work())`, the second failure, where the first is handled": (
        "try:\n    await asyncio.gather(work(), work())\nexcept OSError:\n    pass"
    ),
    "`await wait([task])`": "kept.append(asyncio.create_task(work())); await asyncio.wait(kept)",
    "`wait_for(shield(task), 0.01)`, whose time is up before": (
        "async def late():\n    await asyncio.sleep(0.03)\n    raise OSError('the failure')\n"
        "try:\n    await asyncio.wait_for(asyncio.shield(late()), 0.01)\nexcept TimeoutError:\n    pass"
    ),
    "`loop.run_in_executor(None, fail)`": "asyncio.get_running_loop().run_in_executor(None, fail)",
    "`pool.submit(fail)`": "pool.submit(fail)",
    "`run_coroutine_threadsafe(work(), loop)`": (
        "asyncio.run_coroutine_threadsafe(work(), asyncio.get_running_loop())"
    ),
    "`loop.call_soon(fail)`": "asyncio.get_running_loop().call_soon(fail)",
    "`Thread(target=fail).start()`": "thread = threading.Thread(target=fail); thread.start(); thread.join()",
    "`work()` without `await`": "work()",
    "`async for` that is left by `break`, and `finally` fails": "async for number in numbers():\n    break",
    "a task that is cut off by the end of the loop": "kept.append(asyncio.create_task(asyncio.sleep(60, work)))",
}


def said(python: str, start: str) -> tuple[str, str]:
    """What Python says, and when."""
    body = "\n".join("    " + line for line in start.splitlines())
    program = _PROGRAM.format(sign=_SIGN, start=body, parts=_PARTS)
    # What the machine has set for Python changes nothing.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, "-I", "-B", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=True,
    )
    for part, text in zip(_PARTS, re.split(rf"^{_SIGN}.*\n", done.stderr, flags=re.MULTILINE)[1:], strict=True):
        if text:
            return _kind(text.splitlines()[0]), part
    return "", "**never**"


def _kind(line: str) -> str:
    """The first line of what is said, without what it says of this program."""
    return re.sub(r"^<\w+>:\d+: |fail\(\) at .*| Thread-.*|:$", "", line).strip()


def version_of(python: str) -> str:
    return subprocess.run(
        [python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def table(pythons: dict[str, str]) -> str:
    """By the versions of the interpreters."""
    rows = ["| " + " | ".join(["What fails", "What is printed", *pythons]) + " |"]
    rows.append("|---" * (len(pythons) + 2) + "|")
    for name, start in PRIMITIVES.items():
        found = [said(python, start) for python in pythons.values()]
        printed = " or ".join(dict.fromkeys(text for text, _ in found if text))
        rows.append("| " + " | ".join([name, printed, *(when for _, when in found)]) + " |")
    return "\n".join(rows) + "\n"


def problems(pythons: dict[str, str]) -> list[str]:
    """What is not as the page says, in the columns of these interpreters."""
    shown = _rows(PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0])
    found = [] if list(shown) == list(PRIMITIVES) else ["why.md does not have the rows that site/hidden.py makes"]
    for name, row in _rows(table(pythons)).items():
        for column, cell in row.items():
            known = shown.get(name, {}).get(column, cell)
            # Another interpreter may print something else.
            if cell not in (known.split(" or ") if column == "What is printed" else [known]):
                found.append(f"why.md says of {name}, {column}: {known}; but it is: {cell}")
    return found


def _rows(text: str) -> dict[str, dict[str, str]]:
    """The cells by the names of their rows and columns."""
    lines = [[cell.strip() for cell in line.strip("|").split(" |")] for line in text.splitlines() if line]
    return {cells[0]: dict(zip(lines[0][1:], cells[1:], strict=True)) for cells in lines[2:]}


def main(words: list[str]) -> int:
    pythons = {version_of(python): python for python in words if python != "--write"}
    if "--write" in words:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
        PAGE.write_text(f"{before}{_BEGIN}\n{table(pythons)}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
        return 0
    wrong = problems(pythons)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
