"""`python -m heard prove`: whether what `heard check` finds is so, by the project's own tests."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import typing

from heard.testing.faults import proofs
from heard.testing.faults.findings import Finding, NoFindings, check, read
from heard.testing.faults.proof import Proof


def main(arguments: list[str]) -> typing.NoReturn:
    """Exits with 0 if nothing is proved, 1 if something is, 2 if the job could not be done."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = _parser().parse_args(arguments[:end])
    root = os.path.realpath(os.getcwd())
    try:
        text = _document(options.findings, root)
        is_sarif = _is_sarif(text)
        findings = proofs.of_sarif(text, root) if is_sarif else read(text, root)
        proved, unrepeatable = prove(findings, arguments[end + 1 :], root)
        told = proofs.Told(root, proved, unrepeatable)
        if options.output_format == "sarif":
            said = proofs.sarif(told, text if is_sarif else check(root, "sarif"))
        else:
            said = {"text": proofs.text, "json": proofs.document}[options.output_format](told)
        if options.output_file is not None:
            with open(options.output_file, "w", encoding="utf-8") as file:
                file.write(said)
        else:
            sys.stdout.write(said)
    except (NoFindings, NotRun) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")
    sys.exit(1 if any(proof.verdict == "proved" for proof in proved) else 0)


class NotRun(Exception):
    """The tests could not be run, and the text says why."""


def prove(findings: list[Finding], tests: list[str], root: str) -> tuple[list[Proof], dict[str, str]]:
    """Runs the tests, which are pytest's arguments, and gives a verdict on each finding, and the tests that do not pass
    by themselves. Raises `NotRun` where they cannot be run."""
    if not findings:
        return [], {}
    from heard.testing.pytest.faults.prover import VARIABLE

    with tempfile.TemporaryDirectory() as folder:
        task, answer = os.path.join(folder, "task.json"), os.path.join(folder, "answer.json")
        with open(task, "w", encoding="utf-8") as file:
            asked = {"findings": [dataclasses.asdict(one) for one in findings], "answer": answer}
            json.dump(asked | {"progress": sys.stderr is not None and sys.stderr.isatty()}, file)
        command = [sys.executable, "-m", "pytest", "-q", "--heard-inject", "--heard=error", *_alone(), *tests]
        done = subprocess.run(command, cwd=root, env=os.environ | {VARIABLE: task}, stdout=subprocess.PIPE, check=False)
        try:
            with open(answer, encoding="utf-8") as file:
                told = json.load(file)
        except (OSError, ValueError):
            # It has not come to an end, or there was no room for what it says.
            said = done.stdout.decode(errors="replace").strip()
            raise NotRun(f"the tests cannot be run:\n{said}") from None
    return [Proof.from_dict(one) for one in told["proofs"]], told["unrepeatable"]


def _alone() -> list[str]:
    """One process is to run the tests, whatever the project's settings say."""
    import importlib.util

    is_loaded = importlib.util.find_spec("xdist") is not None and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    return ["-n0"] if is_loaded else []


def _document(path: str | None, root: str) -> str:
    """What `heard check` has found, as it says it."""
    if path is None:
        return check(root)
    if path == "-":
        return sys.stdin.read()
    with open(path, encoding="utf-8") as file:
        return file.read()


def _is_sarif(text: str) -> bool:
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return isinstance(document, dict) and "runs" in document


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m heard prove",
        description="Tells of each finding of `heard check` whether the tests prove it: the failure comes there, and"
        " nobody hears it.",
        epilog="What stands behind -- is for pytest: `heard prove -- tests/unit -k feed`.",
    )
    parser.add_argument(
        "findings",
        nargs="?",
        metavar="FINDINGS",
        help="the file that `heard check --output-format json` or `sarif` has written, or - for standard input"
        " (default: what `heard check --level strict --no-baseline` finds here)",
    )
    parser.add_argument("--output-format", choices=("text", "json", "sarif"), default="text", help="how it is printed")
    parser.add_argument("--output-file", metavar="FILE", help="write it to this file instead of standard output")
    return parser


def _fail(text: str) -> typing.NoReturn:
    print(f"error: {text}", file=sys.stderr)
    sys.exit(2)
