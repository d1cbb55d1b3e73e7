#!/usr/bin/env python3
"""What the comparison of suites says: `python3 ecosystem/suites/tests.py`."""

import dataclasses
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from suite import report, runs
from suite.environment import Prepared
from suite.project import FOLDER, Judgement, Project, Record, Shape, Test, merged, merged_tests, parse, read, text_of

SHAPE = Shape("task-failed", "dropped-task", "lost", "OSError", "send", "box/mail.py in post")
PROJECT = Project(
    "box", "box==1.0", "box-1.0.tar.gz", "0", ("pytest-asyncio==1.0",), ("tests", "-W", "ignore"), "",
    (Record(SHAPE, 2, Judgement.LOSS, "send() may fail"),),
    (Test("tests/test_box.py::test_box::test_send", Judgement.LOSS, "nobody reads what send() raises"),),
)  # fmt: skip


def record(name: str, verdict: str, born: str = "/work/box/box/mail.py", repeated: int = 0) -> dict:
    """A line of heard's JSON."""
    return {
        "id": name,
        "event": "task-failed",
        "rule": "dropped-task",
        "verdict": verdict,
        "coroutine": "send",
        "exception": {"type": "OSError"},
        "repeated": repeated,
        "born": [{"path": born, "line": 3, "function": "post"}],
    }


class Files(unittest.TestCase):
    def test_a_file_says_what_was_written(self):
        self.assertEqual(parse("box", text_of(PROJECT)), PROJECT)

    def test_every_file_is_in_order_and_judged(self):
        projects = read()
        self.assertGreaterEqual(len(projects), 12)
        for project in projects:
            self.assertEqual((FOLDER / f"{project.name}.toml").read_text(), text_of(project), project.name)
            for one in project.records:
                self.assertIsNot(one.judgement, Judgement.UNJUDGED, (project.name, one))
                self.assertTrue(one.why, (project.name, one))
            for test in project.failed_by_plugin:
                self.assertIn(test.judgement, (Judgement.LOSS, Judgement.HARMLESS), (project.name, test))
                self.assertTrue(test.why, (project.name, test))

    def test_what_is_known_keeps_its_judgement(self):
        other = dataclasses.replace(SHAPE, verdict="unread")
        after = merged(PROJECT, {SHAPE: 5, other: 1})
        self.assertEqual(after.records, (dataclasses.replace(PROJECT.records[0], count=5), Record(other, 1)))
        self.assertEqual(merged(PROJECT, {}).records, ())
        (known,) = PROJECT.failed_by_plugin
        self.assertEqual(merged_tests(PROJECT, [known.name, "b"]).failed_by_plugin, (known, Test("b")))


class Shapes(unittest.TestCase):
    def test_the_last_verdict_counts(self):
        records = [record("1", "unread"), record("1", "lost"), record("2", "lost"), record("3", "lost", repeated=4)]
        self.assertEqual(runs.shapes(records, Path("/work/box")), {SHAPE: 7})

    def test_places_are_the_same_on_every_machine(self):
        for path, expected in (
            ("/work/box/box/mail.py", "box/mail.py in post"),
            ("/venv/lib/python3.13/site-packages/aiohttp/web.py", "aiohttp/web.py in post"),
            ("/usr/lib/python3.13/contextlib.py", "contextlib.py in post"),
            ("/elsewhere/x.py", "x.py in post"),
        ):
            (shape,) = runs.shapes([record("1", "lost", path)], Path("/work/box"))
            self.assertEqual(shape.born, expected)


#: A module in the place of pytest, which writes what it is told to.
_PYTEST = """
import os, sys, time
results = next(one.partition("=")[2] for one in sys.argv if one.startswith("--junitxml="))
if {hangs}:
    time.sleep(60)
with open(results, "w") as file:
    file.write('<testsuites><testsuite time="1.5"><testcase classname="t" name="a"/>'
               '<testcase classname="t" name="b">{state}</testcase></testsuite></testsuites>')
"""


class Runs(unittest.TestCase):
    def run_with(self, state: str = "", hangs: bool = False) -> runs.Ran:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "pytest.py").write_text(_PYTEST.format(state=state, hangs=hangs))
            return runs.run(PROJECT, Prepared(Path(folder), Path(sys.executable)), runs.Way.PLAIN, Path(), 3)

    def test_outcomes(self):
        for state, outcome in (
            ("", "passed"),
            ("<failure>why</failure>", "failed"),
            ("<error/>", "error"),
            ("<skipped/>", "skipped"),
        ):
            ran = self.run_with(state)
            self.assertEqual((ran.outcomes, ran.seconds), ({"::t::a": "passed", "::t::b": outcome}, 1.5))
            self.assertEqual(ran.reasons.get("::t::b"), {"failed": "why", "error": ""}.get(outcome))

    def test_a_suite_that_does_not_end_is_killed(self):
        self.assertEqual(self.run_with(hangs=True).outcomes, {})

    def test_only_what_always_differs_is_different(self):
        passed, failed = self.run_with(), self.run_with("<failure/>")
        self.assertEqual(runs.differences([passed], [passed]), {})
        self.assertEqual(runs.differences([passed], [failed]), {"::t::b": "passed → failed"})
        self.assertEqual(runs.differences([passed, failed], [failed, failed]), {})
        self.assertEqual(runs.differences([passed, passed], [failed, passed]), {})
        self.assertEqual(runs.differences([passed], [runs.Ran({}, [], "", 0)])["::t::a"], "passed → not run")


class Reports(unittest.TestCase):
    def test_new_and_gone(self):
        ran = runs.Ran({"a": "passed"}, [], "", 2)
        other = dataclasses.replace(SHAPE, coroutine="fetch")
        said = report.project(PROJECT, [ran], [ran], {}, {other: 3})
        self.assertIn("new     3 × task-failed [lost] OSError of fetch, born box/mail.py in post", said)
        self.assertIn("gone    task-failed [lost] OSError of send", said)
        self.assertNotIn("new", report.project(PROJECT, [ran], [ran], {}, {SHAPE: 1}))

    def test_the_plugin_fails_what_is_known_and_what_is_new(self):
        (known,) = PROJECT.failed_by_plugin
        plain = runs.Ran({"a": "passed"}, [], "", 2)
        plugin = runs.Ran({"a": "failed"}, [], f"{report.OUTSIDE} ==\nSome block", 2, {"a": "unread"})
        said = report.tests(PROJECT, [plain], [plugin], {"a": "passed → failed"})
        for line in ("  new     a: passed → failed\n    unread", f"  gone    {known.name}", "    Some block"):
            self.assertIn(line, said)
        self.assertNotIn("new", report.tests(PROJECT, [plain], [plugin], {known.name: "passed → failed"}))

    def test_table(self):
        self.assertIn("| box==1.0 | 1 | 2 | 1 | 0 | 0 | 0 |", report.table([PROJECT]))


if __name__ == "__main__":
    unittest.main()
