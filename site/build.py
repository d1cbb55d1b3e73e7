#!/usr/bin/env python3
"""Builds the site: build.py HEARD OUT. `HEARD` is the program, `OUT` the folder, below which `html` is the site.

    python -m venv target/site-venv && target/site-venv/bin/pip install -r site/requirements.txt ./python
    target/site-venv/bin/python site/build.py target/debug/heard target/site

What the repository has is put in place (`pages.py`), what the code knows of itself is written down (`reference.py`),
and Zensical makes pages of it. Then all links and anchors are looked up (`links.py`), and whether each colour of text can
be read on its background (`contrast.py`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import contrast
import links
import pages
import reference

ROOT = Path(__file__).resolve().parents[1]


def main(heard: Path, out: Path) -> int:
    shutil.rmtree(out, ignore_errors=True)
    sources = out / "docs"
    sources.mkdir(parents=True)
    for path, text in reference.pages(heard.resolve()).items():
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_text(text, encoding="utf-8")
    problems = pages.put(ROOT, sources)
    shutil.copy(ROOT / "site" / "zensical.toml", out / "zensical.toml")
    if not problems:
        zensical = Path(sys.executable).with_name("zensical")
        built = subprocess.run([zensical, "build", "--clean", "--strict", "-f", "zensical.toml"], cwd=out, check=False)
        if built.returncode != 0:
            return built.returncode
        problems = [*links.broken(out / "html"), *contrast.of_site(out / "html")]
    for problem in problems:
        print(f"site: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
