"""Checks reports for other tools with libraries that did not write them: reports.py HEARD SCHEMAS.

It makes a small project, runs HEARD on it in each format, and reads what comes out: SARIF against the schema of the
standard, the GitLab report against what GitLab's documentation asks for, JUnit with `junitparser`, and the settings'
schema against the meta-schema of JSON Schema. It needs the packages jsonschema and junitparser.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import junitparser

LOSING = """\
import asyncio


async def send() -> None:
    raise OSError("<&>")


async def main() -> None:
    asyncio.create_task(send())
    asyncio.create_task(send())
    results = await asyncio.gather(send(), return_exceptions=True)
    print(f"ü \\x00 {len(results)}")
    if send():
        pass
"""

NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": LOSING},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}

#: What GitLab's documentation of the code quality report asks for.
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^./]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}, "end": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def main(heard: str, schemas: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "pyproject.toml").write_text('[tool.heard]\nlevel = "preview"\n')
        (folder / "a b,ü.py").write_text(LOSING, encoding="utf-8")
        (folder / "clean.py").write_text("x = 1\n")
        (folder / "broken.py").write_text("def broken(:\n")
        (folder / "latin.py").write_bytes(b"x = '\xe9'\n")
        (folder / "book.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")

        def report(form: str) -> str:
            ran = subprocess.run([heard, "check", "--output-format", form], cwd=folder, capture_output=True, encoding="utf-8")
            assert ran.returncode == 2, (form, ran.returncode, ran.stderr)
            return ran.stdout

        found = json.loads(report("json"))["findings"]
        assert len(found) == 8, found

        sarif = json.loads(report("sarif"))
        schema = json.loads((schemas / "sarif-2.1.0.json").read_text(encoding="utf-8"))
        jsonschema.validators.validator_for(schema)(schema).validate(sarif)
        (run,) = sarif["runs"]
        assert len(run["results"]) == len(found) and any("codeFlows" in result for result in run["results"])
        assert any("fixes" in result for result in run["results"])

        gitlab = json.loads(report("gitlab"))
        jsonschema.validate(gitlab, GITLAB)
        assert len({issue["fingerprint"] for issue in gitlab}) == len(found)

        junit = junitparser.JUnitXml.fromstring(report("junit").encode())
        junit.update_statistics()
        assert (junit.failures, junit.errors, len(list(junit))) == (len(found), 1, 5), junit
        assert (junit.tests, junit.skipped) == (len(found) + 3, 0), junit

        assert report("github").count("\n") == len(found) + 2

        settings = json.loads(subprocess.check_output([heard, "config", "--schema"]))
        validator = jsonschema.validators.validator_for(settings)
        validator.check_schema(settings)
        good = {"level": "strict", "rules": {"dropped-task": "off"}, "per-file": {"a/**": {"late-task": "preview"}}}
        validator(settings).validate(good)
        for wrong in ({"levle": "strict"}, {"level": "off"}, {"rules": {"no-such-rule": "off"}}, {"select": "all"}):
            assert not validator(settings).is_valid(wrong), wrong
    print("the reports are as their readers want them")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
