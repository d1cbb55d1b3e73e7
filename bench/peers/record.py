"""A plugin for pytest that notes what each test is to do, and what came of it, as lines of JSON in $PEERS_RECORD."""

from __future__ import annotations

import json
import os
import typing

import pytest


class Recorder:
    def __init__(self, path: str) -> None:
        self.path = path

    def note(self, **row: object) -> None:
        """One write for one line, since the workers of pytest-xdist write to the same file."""
        line = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(line, (json.dumps(row) + "\n").encode())
        finally:
            os.close(line)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        modules = {item.getparent(pytest.Module) for item in items}
        for module in modules:
            outside = getattr(getattr(module, "obj", None), "LOST_OUTSIDE", ())
            self.note(row="outside", losses=[list(mark.args) for mark in outside])
        for item in items:
            losses = [list(mark.args) for mark in item.iter_markers("loses")]
            left = [mark.args[0] for mark in item.iter_markers("leaves")]
            self.note(row="truth", test=item.nodeid, losses=losses, left=left)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        sections = [text for title, text in report.sections if not title.startswith("Captured")]
        text = "\n".join([report.longreprtext, *sections])
        self.note(row="report", test=report.nodeid, failed=report.failed, text=text)

    def pytest_warning_recorded(self, warning_message: typing.Any, nodeid: str) -> None:
        text = f"{warning_message.category.__name__}: {warning_message.message}"
        self.note(row="warning", test=nodeid, text=text)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(os.environ["PEERS_RECORD"]), "peers-recorder")
