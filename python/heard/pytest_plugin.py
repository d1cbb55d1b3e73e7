"""The entry point of the pytest plugin: its options. Everything else is imported when it is on.

https://docs.pytest.org/en/stable/how-to/writing_plugins.html
"""

from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    import pytest

_MODES = ("error", "warn", "off")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("heard", "heard: failures of asyncio that nobody hears")
    group.addoption("--heard", choices=_MODES, help="what a lost failure does to its test (default: error)")
    group.addoption(
        "--heard-baseline",
        metavar="FILE",
        help="losses in FILE, written by --heard-write-baseline, are known and say nothing; a relative path begins at the"
        " root folder",
    )
    group.addoption(
        "--heard-write-baseline",
        metavar="FILE",
        help="writes every loss of this run to FILE, or brings FILE up to date, and fails no test for them",
    )
    group.addoption(
        "--heard-prune-baseline",
        action="store_true",
        help="takes the losses out of the baseline that no longer happen, if this run is of all tests",
    )
    _add_injection(group)
    parser.addini("heard", "what a lost failure does to its test: error, warn or off", default="error")
    words: typing.Literal["args"] = "args"
    parser.addini("heard_baseline", "the file of --heard-baseline, for every run", default="")
    parser.addini("heard_allow", "rules, coroutines, tasks and exceptions that need not be heard", words, default=[])
    parser.addini(
        "heard_inject_handlers",
        "functions that hear the failure they are given, as package.module.name; `handled-by` of [tool.heard] counts too",
        words,
        default=[],
    )


def _add_injection(group: typing.Any) -> None:
    group.addoption(
        "--heard-inject",
        action="store_true",
        help="run the tests that have passed again, each time with one failure in them, and tell which nobody hears",
    )
    group.addoption(
        "--heard-inject-select",
        metavar="PATTERN",
        action="append",
        default=[],
        help="inject into this file, folder, module, module:function or function alone, installed or not, with * and ?"
        " (may be repeated; default: the code below the root folder)",
    )
    group.addoption(
        "--heard-inject-failure",
        metavar="NAME",
        default="ConnectionError",
        help="what is injected: an exception as Name or package.module.Name, cancel, or timeout (default: ConnectionError)",
    )
    group.addoption("--heard-inject-limit", metavar="N", type=_count, help="inject so many failures at most")
    group.addoption(
        "--heard-inject-time", metavar="SECONDS", type=_seconds, help="inject failures for so many seconds at most"
    )
    group.addoption(
        "--heard-inject-fresh",
        action="store_true",
        help="give each run of a test a new process of Python, and not a fork of this one",
    )
    group.addoption("--heard-inject-json", metavar="FILE", help="write what came of each failure to FILE as JSON")
    group.addoption("--heard-inject-html", metavar="FILE", help="write a page with the source to FILE")


def _count(text: str) -> int:
    if not text.isdigit():
        raise _wrong(f"{text} is no number of failures")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise _wrong(f"{text} is no number of seconds") from None
    if not 0 <= seconds < float("inf"):
        raise _wrong(f"{text} is no number of seconds from 0")
    return seconds


def _wrong(text: str) -> Exception:
    import argparse

    return argparse.ArgumentTypeError(text)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "heard(allow=[...]): failures of these rules, coroutines, tasks or exceptions need not be heard in this test",
    )
    mode = config.getoption("--heard") or config.getini("heard")
    if mode not in _MODES:
        import pytest

        raise pytest.UsageError(f"heard = {mode}: it is one of {', '.join(_MODES)}")
    from heard.testing.pytest import injecting

    config.pluginmanager.register(injecting, "heard-inject")
    is_injecting = config.getoption("--heard-inject")
    if mode == "off":
        if is_injecting:
            import pytest

            raise pytest.UsageError("--heard-inject listens to the tests, so heard may not be off")
        from heard.testing.pytest import off

        config.pluginmanager.register(off, "heard-off")
        return
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        # The workers of pytest-xdist listen; this process tells what they have found outside of tests.
        from heard.testing.pytest.workers import Controller

        config.pluginmanager.register(Controller(mode == "error"), "heard-controller")
        run = None
    else:
        from heard.testing.pytest.run import Run

        run = Run(config, mode)
        config.pluginmanager.register(run, "heard-run")
    from heard.testing.pytest import ledger

    ledger.register(config, run.known if run is not None else None)
    if is_injecting:
        from heard.testing.pytest.faults import plugin

        plugin.register(config, run)
