"""mypy, in the bodies of unannotated functions too, with the optional codes that a lost await can touch."""

import json

from .run import Finding, Run

CODES = (
    "unused-coroutine", "unused-awaitable", "truthy-bool", "truthy-iterable", "redundant-expr",
    "possibly-undefined", "comparison-overlap",
)  # fmt: skip


def check(run: Run) -> dict[str, list[Finding]]:
    text = run.output(
        run.tools / "mypy", "--check-untyped-defs", "--strict-equality", "--output=json", "--show-error-end",
        "--namespace-packages", "--explicit-package-bases", "--cache-dir", run.root / ".mypy_cache",
        "--python-executable", run.environment / "bin" / "python",
        *(f"--enable-error-code={code}" for code in CODES), *run.targets,
    )  # fmt: skip
    entries = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {"mypy": [finding(run, entry) for entry in entries if entry["severity"] == "error"]}


def finding(run: Run, entry: dict) -> Finding:
    end = entry.get("end_line") or entry["line"]
    return Finding(run.relative(entry["file"]), entry["line"], end, entry["code"] or "", entry["message"])
