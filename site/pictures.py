#!/usr/bin/env python3
"""Draws the pictures of the terminal: pictures.py HEARD FOLDER. They are what the programs print, drawn by rich.

`docs/pictures` has the drawings that the README shows; `test.py` compares.
"""

from __future__ import annotations

import io
import json
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
    # What a real run of the demo has shown: `record.py`.
    service = json.loads((ROOT / "site" / "top.json").read_text(encoding="utf-8"))
    return {
        "check.svg": draw("heard check demo", _check(heard)),
        "top.svg": draw(f"heard top {service['process']}", screen.render(service, None)),
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


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures(Path(sys.argv[1]).resolve()).items():
        (folder / name).write_text(text, encoding="utf-8")
