"""ty, with every rule on."""

import json

from .run import Finding, Run


def check(run: Run) -> dict[str, list[Finding]]:
    text = run.output(
        run.tools / "ty", "check", "--warn=all", "--output-format=gitlab", "--no-progress",
        "--no-respect-ignore-files", "--python", run.environment, *run.targets,
    )  # fmt: skip
    return {"ty": [finding(run, entry) for entry in json.loads(text)]}


def finding(run: Run, entry: dict) -> Finding:
    place = entry["location"]
    span = place["positions"]
    message = entry["description"].partition(": ")[2]
    return Finding(run.relative(place["path"]), span["begin"]["line"], span["end"]["line"], entry["check_name"], message)
