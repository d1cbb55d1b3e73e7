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
    group.addoption("--heard-baseline", metavar="FILE", help="losses in FILE, written by --heard-write-baseline, are known and say nothing")
    group.addoption("--heard-write-baseline", metavar="FILE", help="writes every loss of this run to FILE, and fails no test for them")
    parser.addini("heard", "what a lost failure does to its test: error, warn or off", default="error")
    # mypy takes the word for the name of a class, since pytest 9 also takes types.
    allowed = "rules, coroutines, tasks and exceptions that need not be heard"
    parser.addini("heard_allow", allowed, type="args", default=[])  # type: ignore[maybe-unrecognized-str-typeform, unused-ignore]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "heard(allow=[...]): failures of these rules, coroutines, tasks or exceptions need not be heard in this test"
    )
    mode = config.getoption("--heard") or config.getini("heard")
    if mode not in _MODES:
        import pytest

        raise pytest.UsageError(f"heard = {mode}: it is one of {', '.join(_MODES)}")
    if mode == "off":
        from heard.testing.pytest import off

        config.pluginmanager.register(off, "heard-off")
        return
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        # The workers of pytest-xdist listen; this process tells what they have found outside of tests.
        from heard.testing.pytest.workers import Controller

        config.pluginmanager.register(Controller(), "heard-controller")
        return
    from heard.testing.pytest.run import Run

    config.pluginmanager.register(Run(config, mode), "heard-run")
