"""The examples in docstrings and on pages run, and print what they say."""

from __future__ import annotations

import asyncio
import doctest
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import heard
from heard.record import Event, Verdict
from heard.report.events import level_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "which-primitive.md"
BLOCK = re.compile(r"^```(py|output|stderr)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = ["Backoff", "Group", "Group.start", "Group.submit", "Outcome", "contained", "drain", "map", "outcomes", "spawn", "split", "supervise"]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_example_of_a_docstring(name: str) -> None:
    thing: object = heard
    for part in name.split("."):
        thing = getattr(thing, part)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names = {"heard": heard, "asyncio": asyncio}
    example = parser.get_doctest(thing.__doc__ or "", names, name, None, None)
    assert example.examples
    said: list[str] = []
    runner.run(example, out=said.append)
    assert said == []


def programs(page: Path = PAGE) -> list[tuple[str, str, str]]:
    """The programs of a page, with what each prints, and the heads of what it says on standard error."""
    found: list[list[str]] = []
    for kind, text in BLOCK.findall(page.read_text()):
        if kind == "py":
            found.append([text, "", ""])
        else:
            found[-1][1 if kind == "output" else 2] = text
    return [(program, output, stderr) for program, output, stderr in found]


ON_PAGES = [*programs(), *programs(DOCS / "runtime.md"), *programs(DOCS.parent / "README.md")]


@pytest.mark.parametrize("program", ON_PAGES, ids=lambda program: re.findall(r"async def (\w+)", program[0])[0])
def test_a_program_of_the_page(program: tuple[str, str, str]) -> None:
    text, output, stderr = program
    assert output, "a program of the page prints something"
    finished = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout == output
    heads = [line for line in finished.stderr.splitlines() if line.startswith("heard:")]
    assert heads == stderr.splitlines()


def first_test(program: tuple[str, str, str]) -> str:
    return str(re.findall(r"def (test_\w+)", program[0])[0])


@pytest.mark.parametrize("program", programs(DOCS / "testing.md"), ids=first_test)
def test_tests_of_the_page(program: tuple[str, str, str], tmp_path: Path) -> None:
    """Each is a module named after its first test; each line below it begins a line of what the run says."""
    text, output, _ = program
    assert output, "a module of the page says something"
    module = tmp_path / f"{first_test(program)}.py"
    module.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    launcher = ["-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "heard.pytest_plugin"]
    command = [sys.executable, "-B", *([] if "unittest.main()" in text else launcher), module.name]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "HEARD"))}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0", "COLUMNS": "200"}
    process = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    said = process.stdout + process.stderr
    for line in output.splitlines():
        assert f"\n{line}" in said, f"{line}\n\n{said}"


def test_every_public_name_says_what_it_is_for() -> None:
    for name in heard.__all__:
        if name != "__version__":
            assert (getattr(heard, name).__doc__ or "").strip(), name


PRODUCTION = DOCS / "production.md"
#: What came there of logs, each with the span that it is in.
TRACED = """
heard.uninstall()
names = {span.context.span_id: span.name for span in SPANS.get_finished_spans()}
for data in LOGGED.get_finished_logs():
    record = data.log_record
    raised = record.attributes
    print(f"{record.severity_text} in the trace of {names[record.span_id]}: {raised['exception.type']}: {raised['exception.message']}")
"""
#: What stands around a program of that page: the other end, and what came there.
SURROUNDINGS = {
    "sentry": (
        """
import collections
import sentry_sdk, sentry_sdk.transport

SENT = []
DSN = "http://key@127.0.0.1/1"

class Kept(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        SENT.append(envelope.get_event())

INIT = sentry_sdk.init
sentry_sdk.init = lambda dsn: INIT(dsn=dsn, transport=Kept)
""",
        """
heard.uninstall()
for shape, number in collections.Counter(tuple(event["fingerprint"][1:4]) for event in SENT).items():
    print("issue: " + ", ".join(shape) + f": {number} events")
""",
    ),
    "otel": (
        """
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

LOGGED, SPANS = InMemoryLogRecordExporter(), InMemorySpanExporter()
_logs.set_logger_provider(LoggerProvider())
_logs.get_logger_provider().add_log_record_processor(SimpleLogRecordProcessor(LOGGED))
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(SPANS))
""",
        TRACED,
    ),
    "logfire": (
        """
import logfire
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

LOGGED, SPANS = InMemoryLogRecordExporter(), InMemorySpanExporter()
CONFIGURE = logfire.configure
logfire.configure = lambda: CONFIGURE(
    send_to_logfire=False,
    console=False,
    additional_span_processors=[SimpleSpanProcessor(SPANS)],
    advanced=logfire.AdvancedOptions(log_record_processors=[SimpleLogRecordProcessor(LOGGED)]),
)
""",
        TRACED,
    ),
    "prometheus": ("", ""),
    "datadog": (
        """
import io, sys

STDOUT, sys.stdout = sys.stdout, io.StringIO()
""",
        """
LINES, sys.stdout = sys.stdout.getvalue(), STDOUT
for line in map(json.loads, LINES.splitlines()):
    raised, told = line["error"], line["heard"]
    print(f"{line['status']} of {line['logger']['name']}: {raised['kind']}: {raised['message']} ({told['rule']}, {told['verdict']})")
    assert raised["stack"].endswith("ConnectionError: feed is down")
""",
    ),
    "report": ("", ""),
    "own": ("", ""),
}
SDKS = {"sentry": "sentry_sdk", "otel": "opentelemetry.sdk", "logfire": "logfire", "prometheus": "prometheus_client"}
NAMED_BLOCK = re.compile(r"^```py (\w+)\n(.*?)^```\n\n```output\n(.*?)^```$", re.MULTILINE | re.DOTALL)


ON_PRODUCTION = {name: (program, output) for name, program, output in NAMED_BLOCK.findall(PRODUCTION.read_text())}


@pytest.mark.parametrize("name", ON_PRODUCTION)
def test_a_program_of_the_page_on_production(name: str) -> None:
    program, output = ON_PRODUCTION[name]
    if name in SDKS:
        pytest.importorskip(SDKS[name], reason=f"not installed: {SDKS[name]}")
    before, after = SURROUNDINGS[name]
    finished = subprocess.run([sys.executable, "-c", before + program + after], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == output


def test_every_program_of_the_page_on_production_is_run() -> None:
    """Those with the name of a file are run by `test_companions.py`."""
    text = PRODUCTION.read_text()
    assert len(ON_PRODUCTION) == text.count("```py") - text.count("```py file=")


#: The records of the page's table, by the words that they begin with.
RECORDS: dict[str, tuple[Event, Verdict | None]] = {
    "`lost`: a failure": ("task-failed", "lost"),
    "`lost`: a coroutine": ("coroutine-never-awaited", "lost"),
    "`unread`": ("task-failed", "unread"),
    "`escalated`": ("task-failed", "escalated"),
    "`retracted`": ("task-failed", "retracted"),
    "no verdict: `spawn`": ("spawn-failed", None),
    "no verdict: a task": ("task-pending-at-exit", None),
}


def test_the_table_of_the_page_on_production_says_what_becomes_of_a_record() -> None:
    pytest.importorskip("sentry_sdk", reason="not installed: sentry-sdk")
    from heard.exporters.sentry import Sentry

    table = re.findall(r"^\| (`|no )(.*?) \| (.*?) \| (.*?) \| (.*?) \|$", PRODUCTION.read_text(), re.MULTILINE)
    rows = {first + rest: cells for first, rest, *cells in table if (first + rest).startswith(tuple(RECORDS))}
    assert len(rows) == len(RECORDS)
    for name, (log, issue, counts) in rows.items():
        [(event, verdict)] = [record for words, record in RECORDS.items() if name.startswith(words)]
        level = level_of(event, verdict)
        assert log.split(",")[0] == logging.getLevelName(level), name
        sent = Sentry().wants(heard.Failure(event, "", verdict, "1", 0.0), None)
        said = f"an issue of level {'error' if level >= logging.ERROR else 'warning'}"
        assert (issue == said) if sent else issue.startswith("nothing"), name
        assert ("`heard_lost_total`" in counts) == (verdict in ("lost", "escalated")), name
