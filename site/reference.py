"""The reference, written down from what the code knows of itself: the command line, settings, the Python package."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import logging
import os
import re
import subprocess
import typing
from pathlib import Path

import heard

#: Public modules beside the package itself.
_MODULES = ("heard.exporters", "heard.exporters.otel", "heard.exporters.prometheus", "heard.exporters.sentry", "heard.testing")

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
            rows.append(f"| {_rule(rule['name'])} | {said} |")
    return (
        "# What Python says\n\n"
        "Each proof is a program that the tests run on every Python from 3.11 on; in each, something fails.\n"
        "[What Python hides](../why.md) says why.\n\n" + "\n".join(rows) + "\n"
    )


def _rule(name: str) -> str:
    """A link to its page."""
    return f"[`{name}`](../rules/{name.replace('-', '_')}.md)"


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
    from heard.record import Failure, Place, Raised, Stats, Verdict
    from heard.report.events import EVENTS, counter_of, level_of

    parts = [
        "# Records as JSON",
        "`heard run --json` and `heard.install(json=...)` append one object a line: a `Failure`, and `v`, which is 1; it\n"
        "changes when a key changes its meaning or goes.\n"
        "All keys are always there, and are null or empty where there is nothing to say.\n\n"
        "```json\n" + json.dumps(_example().as_dict(), indent=2) + "\n```\n\n"
        "What `heard top --json` prints stands on [its page](../top.md).\n"
        "The reports of `heard check` in SARIF, JUnit and GitLab's format are those of their standards.",
    ]
    for kind in (Failure, Raised, Place, Stats):
        parts.append(f"## {kind.__name__}\n\n{inspect.getdoc(kind)}\n\n{_fields(kind)}")
    rows = ["| Event | Headline | Rule | Level in the log | Counts in `Stats` as |", "|---|---|---|---|---|"]
    for event, known in EVENTS.items():
        # What has no level or counter of its own has that of its verdict.
        level = "by its verdict" if known.level is None else logging.getLevelName(known.level)
        rule = "by who holds the task" if event == "task-failed" else _rule(known.rule) if known.rule else "none"
        counter = f"`{known.counter}`" if known.counter else "by its verdict"
        head = known.head.format(subject="task *NAME*", task="*NAME*", coroutine="*NAME*", of=" of task *NAME*")
        rows.append(f"| `{event}` | {_cell(head)} | {rule} | {level} | {counter} |")
    parts.append(
        f"## Event\n\nWhat has happened. A `task-failed` has the rule {_rule('dropped-task')} where nobody holds the task,\n"
        f"{_rule('unread-task')} where a variable holds it that nothing reads any more, and {_rule('late-task')} where somebody\n"
        "may still read it.\n\n"
        + "\n".join(rows)
    )
    rows = ["| Verdict | Level in the log | Counts in `Stats` as |", "|---|---|---|"]
    for verdict in typing.get_args(Verdict):
        counter = "retracted" if verdict == "retracted" else counter_of("task-failed", verdict)
        rows.append(f"| `{verdict}` | {logging.getLevelName(level_of('task-failed', verdict))} | `{counter}` |")
    parts.append("## Verdict\n\n[When each is given](../runtime.md).\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _example() -> heard.Failure:
    """A record as the journal has it."""
    place = heard.Place("/srv/shop/orders.py", 12, "send")
    raised = heard.Raised("ConnectionError", "mail is down", (place,))
    born = (heard.Place("/srv/shop/orders.py", 31, "order"),)
    why = "nobody holds it any more, and nobody has read it"
    known: dict[str, typing.Any] = {"process": 4711, "thread": "MainThread", "why": why}
    return heard.Failure(
        "task-failed", "dropped-task", "lost", "1267-5f3a9c11-1", 1767225600.0, "Task-2", "send", raised, born, **known
    )


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
    is_example = is_parameter = False
    # The first line of a module's text does not tell how far the others are indented.
    text = (thing.__doc__ if inspect.ismodule(thing) else inspect.getdoc(thing)) or ""
    for line in text.splitlines():
        if line.startswith(">>> ") and not is_example:
            lines.append("```pycon")
            is_example = True
        elif is_example and not line:
            lines.append("```")
            is_example = False
        if re.match(r"`\w+`: ", line):
            # Parameters, one after the other.
            if lines and lines[-1] and not is_parameter:
                lines.append("")
            is_parameter = True
            line = f"- {line}"
        elif not line:
            is_parameter = False
        elif is_parameter:
            line = f"  {line}"
        lines.append(line)
    if is_example:
        lines.append("```")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
