"""Takes the steps of `docs/prove.md`: page_of_proofs.py PROGRAM.

PROGRAM is the program `heard`. The runtime and pytest are those of the interpreter that runs this.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
BLOCK = re.compile(r"^```(?:py file=(\S+)|console runtime)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(program: pathlib.Path) -> None:
    page = (ROOT / "docs" / "prove.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(ROOT / "demo", folder / "demo", ignore=shutil.ignore_patterns("__pycache__"))
        steps = 0
        for file, text in BLOCK.findall(page):
            if file:
                (folder / file).write_text(text, encoding="utf-8")
                continue
            for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, expected = step.partition("\n")
                take(command, expected, program, folder)
                steps += 1
    print(f"{steps} steps of docs/prove.md do what the page says")


def take(command: str, expected: str, program: pathlib.Path, folder: pathlib.Path) -> None:
    """Runs a command of the page. In what it is to print, an ellipsis stands for anything."""
    words = shlex.split(command)
    start = {"heard": [str(program)], "python": [sys.executable]}.get(words[0], [words[0]])
    # The interpreter that `heard prove` takes is the one of the active environment.
    environment = os.environ | {"VIRTUAL_ENV": sys.prefix, "PYTHONDONTWRITEBYTECODE": "1", "HEARD_PROGRAM": str(program)}
    ran = subprocess.run([*start, *words[1:]], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    said = ran.stdout + (f"[exit {ran.returncode}]\n" if ran.returncode else "")
    pattern = ".*".join(map(re.escape, expected.split("…")))
    if not re.fullmatch(pattern, said, re.DOTALL):
        sys.exit(f"docs/prove.md: `{command}` is to print\n{expected}and prints\n{said}{ran.stderr}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
