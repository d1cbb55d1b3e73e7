"""The reference, written down from what the code knows of itself: the command line, settings, the Python package."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import re
import subprocess
import typing
from pathlib import Path

import heard

#: Public modules beside the package itself.
_MODULES = ("heard.exporters", "heard.testing")

#: Proofs that the pages of the rules leave out.
_MORE = Path(__file__).parents[1] / "crates" / "heard_analysis" / "tests" / "rules"


def pages(program: Path) -> dict[str, str]:
    """The text of each page, by its path."""
    return {
        "reference/command-line.md": _command_line(program),
        "reference/settings.md": _settings(),
        "reference/python.md": _python(),
        "reference/json.md": _json(),
        "reference/silence.md": _silence(program),
    }


def _help(program: Path, *words: str) -> str:
    environment = {"PATH": os.environ.get("PATH", ""), "COLUMNS": "100"}
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, env=environment)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def _command_line(program: Path) -> str:
    whole = _help(program)
    commands = re.findall(r"^  ([a-z]+)  ", whole.partition("Commands:")[2].partition("\n\n")[0], re.MULTILINE)
    parts = ["# Command line", f"```text\n{whole}\n```"]
    for command in commands:
        if command != "help":
            parts.append(f"## heard {command}\n\n```text\n{_help(program, command)}\n```")
    return "\n\n".join(parts) + "\n"


def _silence(program: Path) -> str:
    """What Python says of each defect, as the first lines of the proofs have it: the tests hold them to it."""
    rules = json.loads(subprocess.run([program, "rule", "--json"], capture_output=True, text=True, check=True).stdout)
    rows = ["| Rule | What Python says, proof by proof |", "|---|---|"]
    for rule in rules:
        more = _MORE / f"{rule['name'].replace('-', '_')}.md"
        text = rule["page"] + (more.read_text(encoding="utf-8") if more.is_file() else "")
        proofs = re.findall(r"^```py run\n# (\w+)(?:: ([^\n]*))?\n", text, re.MULTILINE)
        if proofs:
            words = [("**nothing**" if word == "silent" else word, _cell(text)) for word, text in proofs]
            said = "; ".join(f"{word}: {text}" if text else word for word, text in words)
            rows.append(f"| [`{rule['name']}`](../rules/{rule['name'].replace('-', '_')}.md) | {said} |")
    return (
        "# What Python says\n\n"
        "Each proof is a program that the tests run on every Python from 3.11 on; in each, something fails.\n"
        "[What Python hides](../why.md) says why.\n\n" + "\n".join(rows) + "\n"
    )


def _settings() -> str:
    schema = json.loads((Path(__file__).parents[1] / "docs" / "heard.schema.json").read_text(encoding="utf-8"))
    rows = ["| Setting | What |", "|---|---|"]
    for name, setting in sorted(schema["properties"].items()):
        rows.append(f"| `{name}` | {_cell(setting.get('description', ''))} |")
    return (
        "# Settings by name\n\n[Settings](../configuration.md) says where they stand and which of them holds.\n"
        "Editors read [the schema](../heard.schema.json).\n\n" + "\n".join(rows) + "\n"
    )


def _json() -> str:
    from heard.record import Failure, Place, Raised, Stats

    parts = [
        "# Records as JSON",
        "`heard run --json` and `heard.install(json=...)` append one object a line: a `Failure`, and `v`, which is 1.\n"
        "What `heard top --json` prints stands on [its page](../top.md).\n"
        "The reports of `heard check` in SARIF, JUnit and GitLab's format are those of their standards.",
    ]
    for kind in (Failure, Raised, Place, Stats):
        parts.append(f"## {kind.__name__}\n\n{inspect.getdoc(kind)}\n\n{_fields(kind)}")
    return "\n\n".join(parts) + "\n"


def _fields(kind: type) -> str:
    """A table of the fields of a data class, with the comments that stand above them."""
    source = inspect.getsource(kind).splitlines()
    comments: dict[str, str] = {}
    above: list[str] = []
    for line in source:
        if line.strip().startswith("#:"):
            above.append(line.strip().removeprefix("#:").strip())
        elif above and (named := re.match(r"\s+(\w+):", line)):
            comments[named[1]] = " ".join(above)
            above = []
    rows = ["| Field | Type | What |", "|---|---|---|"]
    for field in dataclasses.fields(typing.cast(typing.Any, kind)):
        rows.append(f"| `{field.name}` | `{_cell(str(field.type))}` | {_cell(comments.get(field.name, ''))} |")
    return "\n".join(rows)


def _python() -> str:
    parts = ["# Python", "The package `heard`, from `pip install heard-runtime`.\nThe examples are run by the tests."]
    parts += [_thing(name, getattr(heard, name)) for name in sorted(heard.__all__, key=str.lower) if name[0] != "_"]
    for module_name in _MODULES:
        module = __import__(module_name, fromlist=["_"])
        parts.append(f"# {module_name}\n\n{_text(module)}")
        names = getattr(module, "__all__", None) or [name for name in vars(module) if _is_own(module, name)]
        parts += [_thing(name, getattr(module, name)) for name in sorted(names, key=str.lower)]
    return "\n\n".join(parts).replace("\n# ", "\n## ") + "\n"


def _is_own(module: typing.Any, name: str) -> bool:
    thing = getattr(module, name)
    return not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__


def _thing(name: str, thing: typing.Any) -> str:
    parts = [f"## `{name}`", f"```py\n{_signature(name, thing)}\n```", _text(thing)]
    if inspect.isclass(thing):
        for method, function in sorted(vars(thing).items()):
            if not method.startswith("_") and callable(function) and inspect.getdoc(function):
                head = f"### `{name}.{method}`\n\n```py\n{_signature(method, function)}\n```"
                parts.append(f"{head}\n\n{_text(function)}")
    return "\n\n".join(part for part in parts if part)


def _signature(name: str, thing: typing.Any) -> str:
    try:
        said = str(inspect.signature(thing)).replace("'", "").replace("typing.", "")
    except (TypeError, ValueError):
        return name
    prefix = "async def " if inspect.iscoroutinefunction(thing) else "class " if inspect.isclass(thing) else "def "
    line = f"{prefix}{name}{said}"
    if len(line) <= 100:
        return line
    try:
        # Laid out as a formatter does, an argument a line.
        # Of a class, that of its `__init__`.
        parsed = ast.parse(f"{line.replace('class ', 'def ', 1)}: ...")
        arguments = ast.unparse(parsed)
    except SyntaxError:
        # A default that is no expression.
        return line
    inner, _, rest = arguments.removesuffix(":\n    ...").rpartition(")")
    head, _, inside = inner.partition("(")
    if inspect.isclass(thing):
        head = head.replace("def ", "class ", 1)
    return f"{head}(\n    " + re.sub(r", (?=\*?\*?\w+:|\*|\w+=)", ",\n    ", inside) + f",\n){rest}"


def _text(thing: typing.Any) -> str:
    """A docstring as Markdown: its examples are code."""
    lines: list[str] = []
    is_example = False
    for line in (inspect.getdoc(thing) or "").splitlines():
        if line.startswith(">>> ") and not is_example:
            lines.append("```pycon")
            is_example = True
        elif is_example and not line:
            lines.append("```")
            is_example = False
        lines.append(line)
    if is_example:
        lines.append("```")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
