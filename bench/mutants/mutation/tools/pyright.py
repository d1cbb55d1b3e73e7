"""pyright, standard mode, with the rules that a lost await or a lost reading can touch.

`reportUnusedCallResult` stays off: it asks for a name for every value that is not used.
"""

import json

from .run import Finding, Run

CONFIGURATION = {
    "typeCheckingMode": "standard",
    "reportUnusedCoroutine": "error",
    "reportUnusedExpression": "error",
    "reportUnusedVariable": "error",
    "reportUnnecessaryComparison": "error",
    "reportUnnecessaryContains": "error",
    "reportUnnecessaryIsInstance": "error",
}


def check(run: Run) -> dict[str, list[Finding]]:
    configuration = {"include": list(run.targets), "exclude": [], **CONFIGURATION}
    (run.root / "pyrightconfig.json").write_text(json.dumps(configuration))
    text = run.output(
        run.tools / "pyright", "--outputjson", "--project", run.root,
        "--pythonpath", run.environment / "bin" / "python",
    )  # fmt: skip
    entries = json.loads(text)["generalDiagnostics"]
    return {"pyright": [finding(run, entry) for entry in entries if entry["severity"] != "information"]}


def finding(run: Run, entry: dict) -> Finding:
    first, last = entry["range"]["start"]["line"] + 1, entry["range"]["end"]["line"] + 1
    return Finding(run.relative(entry["file"]), first, last, entry.get("rule", ""), entry["message"])
