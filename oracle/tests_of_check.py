#!/usr/bin/env python3
"""What the comparison of `heard check` with the truth says: `python3 oracle/tests_of_check.py`."""

import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

sys.dont_write_bytecode = True

from generator import draw, scenes, single
from generator.piece import HEARD, LOST, QUIET
from generator.plot import Sibling
from generator.program import Program
from judge.analyser import UNDECIDED
from judge.compare import MISSED, NOISE
from judge.findings import EITHER, WRONG, WRONG_STRICT, Finding, fate, judge

HERE = Path(__file__).resolve().parent
READ = single.Single("prices", "fetch", 0, "at once", "create_task", "a local variable", "nothing", "await", False)
UNREAD = replace(READ, reader="nobody")
IN_VAIN = replace(UNREAD, work="not at all")
WATCHED = replace(READ, reader="a task that waits for it")
FIRST_FAILS = scenes.Scene("prices", "fetch", 0, "gather", (Sibling("first", 0, "fails"), Sibling("second", 8, "ends")))
BOTH_FAIL = replace(FIRST_FAILS, cast=(Sibling("first", 0, "fails"), Sibling("second", 8, "fails")))


def finding(program: Program, sign: str, level: str, rule: str = "unread-task") -> list[Finding]:
    """A finding on the first line with this in it."""
    lines = program.text().splitlines()
    return [Finding(rule, level, "lost", (next(n for n, line in enumerate(lines, 1) if sign in line),))]


class Compared(unittest.TestCase):
    def test_what_the_text_of_a_strand_tells(self):
        for strand, expected in (
            (READ, HEARD), (UNREAD, LOST), (IN_VAIN, QUIET), (FIRST_FAILS, EITHER), (BOTH_FAIL, LOST),
        ):  # fmt: skip
            self.assertEqual(fate(strand), expected, strand)

    def test_findings(self):
        for strand, sign, level, expected in (
            (READ, "create_task(", "default", [WRONG]),
            (READ, "create_task(", "strict", [WRONG_STRICT]),
            (READ, "create_task(", "preview", []),
            (UNREAD, "create_task(", "preview", []),
            (UNREAD, "asyncio.run(", "default", [MISSED]),
            (IN_VAIN, "create_task(", "default", [NOISE]),
            (IN_VAIN, "create_task(", "strict", []),
            (FIRST_FAILS, "gather(", "default", []),
            (WATCHED, "watcher = ", "default", []),
            (WATCHED, "job = ", "default", [WRONG]),
        ):
            program = Program((strand,), "run")
            judged = judge(program, finding(program, sign, level))
            self.assertEqual([found.kind for _, found in judged.found], expected, (strand, sign, level))

    def test_what_is_not_about_hearing_is_neither(self):
        for strand, expected in ((READ, []), (UNREAD, [MISSED])):
            program = Program((strand,), "run")
            judged = judge(program, finding(program, "create_task(", "strict", "raising-callback"))
            self.assertEqual([found.kind for _, found in judged.found], expected)
            self.assertEqual(judged.others, ["raising-callback"])

    def test_a_finding_belongs_to_the_strand_whose_line_it_lies_on(self):
        program = Program((UNREAD, replace(READ, noun="maps")), "run")
        ((strand, found),) = judge(program, finding(program, "fetch_maps()", "default")).found[1:]
        self.assertEqual((strand.noun, found.kind), ("maps", WRONG))

    def test_what_is_undecided_has_productions(self):
        drawn = {production for number in range(2500) for production in draw.program(1, number).productions}
        named = {name for one in UNDECIDED for names in one.productions for name in names}
        self.assertEqual(named - drawn, set())

    def test_no_false_alarm_at_level_default_is_explained(self):
        self.assertNotIn(WRONG, {one.kind for one in UNDECIDED})


#: A program in the place of heard, which reports on every line where a task is born, or on none.
_STUB = """#!{python}
import json, pathlib
for path in sorted(pathlib.Path().rglob('*.py')) if {accuses} else ():
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.endswith(("  # heard", "  # lost")):
            print(json.dumps({{"rule": "unread-task", "level": "default", "message": "m", "path": str(path),
                              "line": number, "end_line": number, "trace": []}}))
"""


class Runs(unittest.TestCase):
    """The command itself, with analysers that are wrong."""

    def run_with(self, accuses: bool) -> subprocess.CompletedProcess:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        heard = Path(folder.name) / "heard"
        heard.write_text(_STUB.format(python=sys.executable, accuses=accuses))
        heard.chmod(0o755)
        command = [sys.executable, str(HERE / "check"), "--count", "12", "--seed", "4", "--no-shrink"]
        command += ["--heard", str(heard), "--work", folder.name]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_an_analyser_that_says_nothing_misses(self):
        ran = self.run_with(accuses=False)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stdout, r"12 programs")
        self.assertRegex(ran.stdout, r"\d+ missed")
        self.assertNotRegex(ran.stdout, "wrong")

    def test_an_analyser_that_accuses_all_is_wrong(self):
        ran = self.run_with(accuses=True)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stdout, r"\d+ wrong finding")


if __name__ == "__main__":
    unittest.main()
