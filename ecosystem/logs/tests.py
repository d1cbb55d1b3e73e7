#!/usr/bin/env python3
"""What the comparison of logs says: `python3 ecosystem/logs/tests.py`."""

import ast
import sys
import tempfile
import tomllib
import unittest
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.dont_write_bytecode = True

from field import compare, running, setup
from field.collectors import COLLECTORS
from field.losses import LOSSES, PROGRAMS, Loss, marks

HERE = Path(__file__).parent
BEGAN = datetime(2025, 3, 11, 9, 15, tzinfo=timezone.utc)
LOSS = Loss("task-failed", "send", "OSError", 2, "send")
EXPECTED = setup.Expected(losses=(LOSS,))
INCIDENT = {
    "kind": "task-failed",
    "coroutine": "send",
    "exception": {"type": "box.OSError"},
    "count": 2,
    "raised_at": {"path": "a.py", "line": 7},
    "first": "2025-03-11T09:15:00.5",
    "last": "2025-03-11T10:15:01+01:00",
    "example": {"line": 3, "text": "Task exception was never retrieved"},
}


def problems(*incidents: dict, expected: setup.Expected = EXPECTED, unclear: int = 0, quoted: int = 0) -> list[str]:
    document = {
        "incidents": list(incidents),
        "not_understood": {"count": unclear, "examples": []},
        "quoted": {"count": quoted},
    }
    return [*compare.problems(document, expected, {"send": 7}, BEGAN, BEGAN + timedelta(seconds=2))]


class Compared(unittest.TestCase):
    def test_as_it_was(self):
        self.assertEqual(problems(INCIDENT), [])

    def test_what_is_wrong_is_told(self):
        for change, said in (
            ({"count": 1}, "missed"),
            ({"kind": "future-failed"}, "missed"),
            ({"coroutine": None}, "missed"),
            ({"exception": None}, "missed"),
            ({"raised_at": None}, "raised at nowhere"),
            ({"raised_at": {"path": "a.py", "line": 8}}, "and not at line 7"),
            ({"first": None}, "first is not told"),
            ({"first": "T09:15:00"}, "no full time"),
            ({"last": "2025-03-11T10:15:01"}, "did not run"),
        ):
            found = problems(INCIDENT | change)
            self.assertTrue(any(said in problem for problem in found), (change, found))
            # What is missed is there as something else.
            self.assertEqual(len(found), 2 if said == "missed" else 1, found)

    def test_what_was_not_lost(self):
        (said,) = problems(INCIDENT, INCIDENT)
        self.assertIn("invented: task-failed of send", said)
        self.assertEqual(len(problems(INCIDENT, unclear=1, quoted=1)), 2)

    def test_what_a_log_cannot_tell(self):
        untold = INCIDENT | {"first": None, "last": None}
        self.assertEqual(problems(untold, expected=replace(EXPECTED, time="none")), [])
        self.assertEqual(len(problems(INCIDENT, expected=replace(EXPECTED, time="none"))), 2)
        self.assertEqual(problems(INCIDENT | {"first": "T09:15:00"}, expected=replace(EXPECTED, time="part")), [])
        self.assertEqual(problems(INCIDENT | {"raised_at": None}, expected=replace(EXPECTED, places=False)), [])


class Metadata(unittest.TestCase):
    def parsed(self, block: str) -> setup.Setup:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "box.py"
            program.write_text(f'"""Box."""\n\n{block}\nimport shop\n')
            return setup.parse(program)

    def test_losses_of_the_shop(self):
        block = '# /// script\n# dependencies = ["rich"]\n# [tool.heard]\n# rounds = 3\n# without = ["lamp"]\n# ///\n'
        one = self.parsed(block)
        self.assertEqual((one.name, one.packages), ("box", ("rich",)))
        counts = {loss.coroutine: loss.count for loss in one.expected.losses}
        self.assertEqual((counts["Till.pay"], counts["Shelf.count"], "lamp" in counts), (6, 1, False))

    def test_losses_of_its_own(self):
        block = '# /// script\n# [tool.heard]\n# losses = [{kind = "unclosed", count = 2}]\n# ///\n'
        self.assertEqual(self.parsed(block).expected.losses, (Loss("unclosed", count=2),))

    def test_no_metadata(self):
        with self.assertRaises(setup.BadSetup):
            self.parsed("")


class Ours(unittest.TestCase):
    def test_every_set_up_can_be_read(self):
        setups = setup.read()
        pinned = {line.partition("==")[0] for line in (HERE / "requirements.txt").read_text().splitlines()}
        for one in setups:
            self.assertTrue(ast.get_docstring(ast.parse(one.program.read_text(encoding="utf-8"))), one.name)
            self.assertLessEqual({*one.packages}, pinned, one.name)
            self.assertIn(one.expected.time, ("full", "part", "none"), one.name)
            self.assertIn(one.expected.warnings, ("logged", "printed"), one.name)
            known = marks(one.program)
            for loss in one.expected.losses:
                self.assertIn(loss.raised, {None, *known}, one.name)

    def test_every_shape_is_shown(self):
        shapes = tomllib.loads((HERE / "shapes.toml").read_text(encoding="utf-8"))["shape"]
        known = {one.name for one in setup.read()} | {collector.name for collector in COLLECTORS}
        self.assertEqual(len(shapes), 40)
        for shape in shapes:
            self.assertTrue(shape["shown_by"], shape["what"])
            self.assertLessEqual({*shape["shown_by"]}, known, shape["what"])

    def test_many_more_are_invented(self):
        shapes = tomllib.loads((HERE / "shapes.toml").read_text(encoding="utf-8"))["shape"]
        shown = {name for shape in shapes for name in shape["shown_by"]}
        known = {one.name for one in setup.read()} | {collector.name for collector in COLLECTORS}
        self.assertGreaterEqual(len(known - shown), 80)

    def test_the_shop_marks_what_it_loses(self):
        known = marks(PROGRAMS / "shop.py")
        for loss in LOSSES:
            self.assertIn(loss.raised, {None, *known})

    def test_collectors_take_any_line(self):
        names = [collector.name for collector in COLLECTORS]
        self.assertEqual(len(names), len({*names}))
        lines = [
            running.Seen(text, BEGAN) for text in ("Task exception was never retrieved", "", "\x1b[31mü \\ \"'\x1b[0m")
        ]
        for collector in COLLECTORS:
            self.assertTrue(collector.write(lines), collector.name)


if __name__ == "__main__":
    unittest.main()
