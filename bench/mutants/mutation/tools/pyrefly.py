"""pyrefly, with its default errors and the optional ones that a lost await can touch.

`unused-call-result` stays off, as in pyright.
"""

import json

from .run import Finding, Run

KINDS = ("unused-coroutine", "implicit-bool", "redundant-condition", "unnecessary-comparison")


def check(run: Run) -> dict[str, list[Finding]]:
    configuration = 'project-includes = ["**/*.py"]\nproject-excludes = []\nsearch-path = ["."]\n'
    (run.root / "pyrefly.toml").write_text(configuration)
    text = run.output(
        run.tools / "pyrefly", "check", "--preset=default", "--min-severity=warn", "--output-format=json",
        "--summary=none", "--threads=1", "--python-interpreter-path", run.environment / "bin" / "python",
        *(f"--error={kind}" for kind in KINDS), *run.targets,
    )  # fmt: skip
    return {"pyrefly": [finding(run, entry) for entry in json.loads(text)["errors"]]}


def finding(run: Run, entry: dict) -> Finding:
    return Finding(run.relative(entry["path"]), entry["line"], entry["stop_line"], entry["name"], entry["description"])
