"""The pages of the repository, put where they are on the site, with their links led there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_RULES = "crates/heard_analysis/src/rules"
_FENCE = re.compile(r"^(`{3,})(.*)$")
#: `[text](target)`, but not within a code span.
_LINK = re.compile(r"(`[^`]*`)|(!?\[(?:[^\]`]|`[^`]*`)*\])\(([^)\s]+)\)")
#: How blocks that are tested in some way are highlighted.
_LANGUAGES = {"output": "text", "stderr": "text", "finding": "text", "truth": "text"}


def put(root: Path, sources: Path) -> list[str]:
    """Copies all pages, and those that they lead to. Returns what leads nowhere."""
    problems: list[str] = []
    done: set[str] = set()
    left = ["README.md", *(path.relative_to(root).as_posix() for path in (root / "docs").glob("*.md"))]
    left += [path.relative_to(root).as_posix() for path in (root / _RULES).glob("*.md")]
    while left:
        page = left.pop()
        if page in done:
            continue
        done.add(page)
        target = sources / where(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not page.endswith(".md"):
            shutil.copy(root / page, target)
            continue
        text = (root / page).read_text(encoding="utf-8")
        text, led = _led(text, page, root)
        for one in led:
            if (root / one).is_file():
                left.append(one)
            else:
                problems.append(f"{page} leads to {one}, which is not there")
        target.write_text(text, encoding="utf-8")
    return problems


def where(path: str) -> str:
    """The path on the site of a file of the repository."""
    if path == "README.md":
        return "index.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith(_RULES + "/"):
        return f"rules/{PurePosixPath(path).name}"
    # `index.md` gives its folder an address of its own, and the generator leaves out what begins with a dot.
    return f"repository/{path.replace('/.', '/').removeprefix('.')}".replace("/README.md", "/index.md")


def _led(text: str, page: str, root: Path) -> tuple[str, list[str]]:
    """The page with its links led to where they are on the site, and the files that they lead to."""
    led: list[str] = []
    here = PurePosixPath(where(page)).parent

    def lead(match: re.Match[str]) -> str:
        code, words, target = match.groups()
        if code is not None or re.match(r"[a-z]+:|#", target):
            return match[0]
        path, hash_, anchor = target.partition("#")
        aim = os.path.normpath(PurePosixPath(page).parent / path)
        if (root / aim).is_dir():
            aim = f"{aim}/README.md"
        led.append(aim)
        return f"{words}({os.path.relpath(where(aim), here)}{hash_}{anchor})"

    lines: list[str] = []
    for line, opened, is_code in _lines(text):
        if opened:
            line = opened[1] + _language(opened[2])
        elif not is_code:
            line = _LINK.sub(lead, line)
        lines.append(line)
    return "\n".join(lines) + "\n", led


def _lines(text: str) -> Iterator[tuple[str, re.Match[str] | None, bool]]:
    """Each line; the fence that begins a block there; and whether the line belongs to a block."""
    fence = ""
    for line in text.splitlines():
        opened = None if fence else _FENCE.match(line)
        yield line, opened, bool(fence or opened)
        if opened:
            fence = opened[1]
        elif line.strip() == fence:
            fence = ""


def _language(info: str) -> str:
    """Without what tests want to know of a block; the name of a file is its title."""
    language, _, rest = info.partition(" ")
    named = re.fullmatch(r"(?:file=)?(\S+\.\w+)", rest)
    title = f' title="{named[1]}"' if named else ' title="after the fix"' if rest == "fixed" else ""
    return _LANGUAGES.get(language, language) + title
