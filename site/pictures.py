#!/usr/bin/env python3
"""Draws the pictures of the terminal: pictures.py HEARD FOLDER. They are what the programs print, drawn by rich.

`docs/pictures` has the drawings that the README shows; `test.py` compares.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI
from rich.text import Text

from heard.top import screen

ROOT = Path(__file__).resolve().parents[1]
_WIDTH = 120


def pictures(heard: Path) -> dict[str, str]:
    """Each as SVG, by its name."""
    return {
        "check.svg": draw("heard check demo", _check(heard)),
        "top.svg": draw("heard top 4711", screen.render(_SERVICE, None)),
    }


def draw(title: str, what: RenderableType) -> str:
    # The same drawing on every terminal, and without one: none of what the environment says of it counts.
    console = Console(
        record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", _environ={}
    )
    console.print(what)
    # The same drawing has the same text each time.
    drawn = console.export_svg(title=title, theme=MONOKAI, unique_id=title.split()[1])
    # The fonts of whoever looks will do: nothing is fetched.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _check(heard: Path) -> Text:
    """One finding, and what they all come to."""
    command = [heard, "check", "demo", "--color", "always"]
    environment = {"PATH": os.environ.get("PATH", ""), "TERM": "xterm-256color"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    chosen = next(one for one in done.stdout.split("\n\n") if "demo/notices.py:38" in one)
    return Text.from_ansi(f"$ heard check demo\n…\n{chosen}\n…\n{done.stderr}")


def _place(path: str, line: int, function: str) -> dict[str, object]:
    return {"path": path, "line": line, "function": function}


def _task(
    number: int, name: str, coroutine: str, born: dict[str, object], at: dict[str, object], *waiters: str
) -> dict[str, object]:
    return {
        "id": str(number),
        "name": name,
        "coroutine": coroutine,
        "born": [born],
        "at": [at],
        "awaited_by": list(waiters),
    }


#: What `heard top --json` says of a small service.
_MAIN = _place("shop/app.py", 88, "main")
_SERVE = _place("shop/app.py", 61, "Shop.serve")
_SERVICE = {
    "process": 4711,
    "program": ["-m", "shop"],
    "total": 132,
    "stats": {"lost": 2, "unread": 1, "retracted": 0},
    "loops": [{"name": "loop-1", "thread": "MainThread", "blocked": None, "stack": []}],
    "unread": [
        {
            "exception": {"type": "LookupError", "message": "no price for pie"},
            "coroutine": "Menu.load_price",
            "task": "Task-9",
            "born": [_place("shop/menu.py", 24, "Menu.warm_up")],
            "age": 41.0,
        }
    ],
    "services": [
        {
            "name": "feed",
            "state": "waiting",
            "restarts": 3,
            "last_failure": {"exception": {"type": "ConnectionError", "message": "the supplier is busy"}},
        }
    ],
    "groups": [{"kind": "asyncio.TaskGroup", "parent": "1", "tasks": ["2", "3"]}],
    "tasks": [
        _task(1, "Task-1", "main", _MAIN, _place("shop/app.py", 93, "main")),
        _task(
            2,
            "rail",
            "Front.watch_rail",
            _place("shop/app.py", 91, "main"),
            _place("shop/front.py", 120, "Front.watch_rail"),
            "1",
        ),
        _task(3, "Task-7", "Shop.answer", _SERVE, _place("shop/town.py", 33, "Town.mail"), "1"),
    ],
    "births": [
        {"coroutine": "Shop.answer", "born": [_SERVE], "tasks": 130, "oldest": 12.4},
        {"coroutine": "Front.watch_rail", "born": [_place("shop/app.py", 91, "main")], "tasks": 1, "oldest": 5400.0},
        {"coroutine": "main", "born": [_MAIN], "tasks": 1, "oldest": 5401.0},
    ],
}


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures(Path(sys.argv[1]).resolve()).items():
        (folder / name).write_text(text, encoding="utf-8")
