#!/usr/bin/env python3
"""What the pages say is so: test.py HEARD. The programs on them are run by `python/tests/test_docs.py` and by the
scenarios of the program; here are the tutorial, the table of rules, the pictures,
and whether the colours of pictures and reports can be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import contrast
import hidden
import pictures

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Pages whose programs `test_docs.py` runs, or `test_logs.py`.
_RUN = {"logs.md", "production.md", "runtime.md", "testing.md", "which-primitive.md"}
_BLOCK = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(heard: Path) -> int:
    problems = [*_tutorial(heard), *_rules(heard), *_pictures(heard), *_contrast(heard), *_blocks(), *_hidden()]
    for problem in problems:
        print(f"site: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _tutorial(heard: Path) -> list[str]:
    found = subprocess.run(
        [heard, "check", "demo", "--output-format", "concise"], cwd=ROOT, capture_output=True, text=True
    )
    truth = subprocess.run([sys.executable, "-B", "-m", "demo", "--truth"], cwd=ROOT, capture_output=True, text=True)
    summary = found.stderr.splitlines()[-1]
    problems = [] if summary in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() else [
        f"README.md does not show what `heard check demo` says at its end: {summary}"
    ]
    blocks = _BLOCK.findall((DOCS / "tutorial.md").read_text(encoding="utf-8"))
    for kind, info, text in blocks:
        if kind == "py" and text not in (ROOT / info).read_text(encoding="utf-8"):
            problems.append(f"tutorial.md shows what is not in {info}: {text}")
        if kind == "finding" and text.strip() not in found.stdout.splitlines():
            problems.append(f"heard check demo does not say: {text}")
        # Not the figures: some of them count what fits into an evening, which is shorter where the machine is busy.
        name = re.split(r"  +", text.strip())[0]
        if kind == "truth" and not re.search(rf"^ *{re.escape(name)} .*<-$", truth.stdout, re.MULTILINE):
            problems.append(f"in the demo nothing is wrong with: {name}")
    return problems if blocks else ["tutorial.md has no blocks"]


def _rules(heard: Path) -> list[str]:
    """The table has every rule, with its level and its summary."""
    known = json.loads(subprocess.run([heard, "rule", "--json"], capture_output=True, text=True, check=True).stdout)
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\([^)]*\) \| (\w+) \| (.*) \|$", page, re.MULTILINE)
    shown = {name: (level, summary) for name, level, summary in rows}
    differing = {rule["name"] for rule in known if shown.get(rule["name"]) != (rule["level"], rule["summary"])}
    differing |= set(shown) - {rule["name"] for rule in known}
    return [f"rules.md does not have {name} as it is" for name in sorted(differing)]


def _pictures(heard: Path) -> list[str]:
    return [
        f"docs/pictures/{name} is not what is drawn now: `site/pictures.py HEARD docs/pictures` draws it anew"
        for name, text in pictures.pictures(heard).items()
        if (DOCS / "pictures" / name).read_text(encoding="utf-8") != text
    ]


def _contrast(heard: Path) -> list[str]:
    """Of the pages that `heard check` and `heard logs` write, and of the pictures."""
    checked = _style_of([heard, "check", "demo", "--output-format", "html"], "")
    logged = _style_of([heard, "logs", "-", "--output-format", "html"], "ERROR:asyncio:Unclosed client session\n")
    of_check = [("--text", "--back"), ("--dim", "--back"), ("--bad", "--back"), ("--warn", "--back")]
    of_check += [("--text", "--code"), ("--dim", "--code"), ("--text", "--mark")]
    of_logs = [("--text", "--back"), ("--soft", "--back"), ("--bar", "--back"), ("--text", "--code")]
    found: list[str] = []
    for dark in (False, True):
        found += contrast.weak(contrast.names_of(checked, [":root"]), of_check, dark)
        # The later rule for the root holds where the reader wants it dark.
        sheet = logged if dark else logged.split("@media")[0]
        found += contrast.weak(contrast.names_of(sheet, [":root"]), of_logs, dark)
    for drawing in sorted((DOCS / "pictures").glob("*.svg")):
        drawn = drawing.read_text(encoding="utf-8")
        names = dict(re.findall(r"^\s*\.([\w-]+-r\d+) \{ fill: (#\w+)", drawn, re.MULTILINE))
        names["the terminal"] = re.findall(r'<rect fill="(#\w+)"', drawn)[0]
        found += (f"{drawing.name}: {one}" for one in contrast.weak(names, [(name, "the terminal") for name in names if "-r" in name]))
    return found


def _style_of(command: list[str | Path], text: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input=text)
    return re.findall(r"<style>(.*?)</style>", done.stdout, re.DOTALL)[0]


def _hidden() -> list[str]:
    """With the interpreters of `HEARD_PYTHONS`, as the proofs of the rules are, or with this one."""
    pythons = os.environ.get("HEARD_PYTHONS", sys.executable).split(os.pathsep)
    return hidden.problems({hidden.version_of(python): python for python in pythons})


def _blocks() -> list[str]:
    """Every block of Python is run, is a file of a scenario, or shows a file of the demo."""
    problems = []
    for page in sorted(DOCS.glob("*.md")):
        for kind, info, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            is_known = page.name in _RUN or info.startswith("file=") or (ROOT / info).is_file() or info == "part"
            if kind == "py" and not is_known:
                problems.append(
                    f"{page.name} has a program that nothing runs; a part of one is marked `py part`: {text}"
                )
    return problems


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
