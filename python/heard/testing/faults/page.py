"""The results as a page for a browser, with the source."""

from __future__ import annotations

import html
import linecache
from collections.abc import Iterator

from heard.record import Place
from heard.report.text import counted
from heard.testing.faults.result import Result
from heard.testing.faults.table import totals
from heard.testing.faults.told import Told

#: Lines of source before and after the one that is shown.
_AROUND = 4

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>heard: failures on purpose</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark; }
h2 { font-size: 1.1rem; margin-top: 2.5rem; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid #8888; border-radius: 4px; line-height: 1.35; }
mark { display: inline-block; min-width: 100%; background: #f7c94855; color: inherit; }
table { border-collapse: collapse; }
td, th { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
code { font-family: ui-monospace, monospace; }
</style>
</head>
<body>
<h1>Failures on purpose</h1>
"""


def page(told: Told) -> str:
    """The whole page, which needs nothing else."""
    return _HEAD + "\n".join([*_totals(told), *_survivors(told), *_all(told)]) + "\n</body>\n</html>\n"


def _totals(told: Told) -> Iterator[str]:
    for line in totals(told):
        yield f"<p>{html.escape(line)}</p>"


def _survivors(told: Told) -> Iterator[str]:
    by_fingerprint = {finding.fingerprint: finding for finding in told.findings or ()}
    for results in told.survivors().values():
        first = results[0]
        place = first.point.place
        yield f"<h2><code>{html.escape(told.shown(place))}</code> {html.escape(place.function)}</h2>"
        yield f"<p>{html.escape(first.failure)}: {html.escape(first.detail)}</p>"
        finding = by_fingerprint.get(first.finding or "")
        if finding is not None:
            yield f"<p><code>heard check</code>: <b>{html.escape(finding.rule)}</b>, {html.escape(finding.message)}</p>"
        for title, place in _places(first):
            yield f"<p>{title} <code>{html.escape(told.shown(place))}</code></p>"
            yield _source(place)
        tests = "".join(f"<li><code>{html.escape(result.test)}</code></li>" for result in results)
        yield f"<details><summary>{counted(len(results), 'test')}</summary><ul>{tests}</ul></details>"


def _places(result: Result) -> Iterator[tuple[str, Place]]:
    yield "It fails at", result.point.place
    if result.point.by is not None:
        yield "born at" if result.point.kind == "task" else "called at", result.point.by
    if result.handled_at is not None:
        yield "and is handled at", result.handled_at


def _source(place: Place) -> str:
    source = linecache.getlines(place.path)
    first = max(place.line - _AROUND, 1)
    shown = []
    for number, text in enumerate(source[first - 1 : place.line + _AROUND], first):
        line = f"{number:5} {html.escape(text.rstrip())}"
        shown.append(f"<mark>{line}</mark>" if number == place.line else line)
    return "<pre>" + "\n".join(shown) + "</pre>"


def _all(told: Told) -> Iterator[str]:
    rows = "\n".join(
        f"<tr><td>{result.verdict}</td><td><code>{html.escape(told.shown(result.point.place))}</code></td>"
        f"<td>{result.point.kind}</td><td>{html.escape(result.detail)}</td>"
        f"<td><code>{html.escape(result.test)}</code></td></tr>"
        for result in told.results
    )
    head = "<tr><th>Verdict</th><th>Place</th><th>What</th><th>Who, or why nobody</th><th>Test</th></tr>"
    yield f"<h2>All of them</h2>\n<table>\n{head}\n{rows}\n</table>"
