"""heard, with the findings of level `default` in one column and those of every level in another."""

import json

from .run import Finding, Run


def check(run: Run) -> dict[str, list[Finding]]:
    text = run.output(
        run.heard, "--quiet", "check", "--output-format=json-lines", "--level=preview", "--threads=1",
        "--python", run.environment, *run.targets,
    )  # fmt: skip
    objects = [json.loads(line) for line in text.splitlines()]
    found = [(entry["level"], finding(run, entry)) for entry in objects if "rule" in entry]
    return {
        "heard": [one for level, one in found if level == "default"],
        "heard preview": [one for _, one in found],
    }


def finding(run: Run, entry: dict) -> Finding:
    path = run.relative(entry["path"])
    return Finding(path, entry["line"], entry["end_line"], entry["rule"], entry["message"])
