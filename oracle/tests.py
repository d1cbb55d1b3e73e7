#!/usr/bin/env python3
"""What the oracle's programs, its record of reads and its comparison say: `python3 oracle/tests.py`."""

import ast
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from generator import draw, incident, scenes, single
from generator.frames import FRAMES
from generator.piece import HEARD, LOST, QUIET
from generator.program import Program, Stated, stated
from judge import compare, runtime, undecided
from judge.interpreters import Ran, Warm
from judge.shrink import smallest

HERE = Path(__file__).resolve().parent
PROGRAMS = [draw.program(1, number) for number in range(2500)]
SINGLE = single.Single("prices", "fetch", 0, "at once", "create_task", "a local variable", "nothing", "await", False)


class Programs(unittest.TestCase):
    def test_the_same_number_gives_the_same_program(self):
        texts = [program.text() for program in PROGRAMS[:50]]
        self.assertEqual(texts, [draw.program(1, number).text() for number in range(50)])
        self.assertGreater(len(set(texts)), 45)
        self.assertNotEqual(texts, [draw.program(2, number).text() for number in range(50)])

    def test_every_production_is_drawn(self):
        drawn = {production for program in PROGRAMS for production in program.productions}
        expected = {f"frame: {name}" for name in FRAMES}
        expected |= {f"{name}: {one}" for name, productions in single.DIMENSIONS.items() for one in productions}
        expected |= {f"plot: {name}" for name in scenes.PLOTS} | {f"incident: {name}" for name in incident.INCIDENTS}
        self.assertEqual(expected - drawn, set())

    def test_names_are_told_apart(self):
        for productions in single.DIMENSIONS.values():
            self.assertTrue(all(name == production.name for name, production in productions.items()))

    def test_every_program_compiles_and_says_its_truth(self):
        for program in PROGRAMS[:600]:
            text = program.text()
            ast.parse(text)
            says = stated(text)
            self.assertEqual([(one.message, one.fate) for one in says], [(t.message, t.fate) for t in program.truths])
            for one in says:
                if one.line is not None:
                    self.assertRegex(text.splitlines()[one.line - 1], r"  # (heard|lost)$")
            self.assertNotRegex(text, "§|  # (heard|lost) @")

    def test_a_line_of_birth_is_where_the_work_starts(self):
        text = Program((SINGLE,), "run").text()
        (one,) = stated(text)
        self.assertEqual((one.message, one.fate), ("prices: no answer", HEARD))
        self.assertEqual(text.splitlines()[one.line - 1], "    job = asyncio.create_task(fetch_prices())  # heard")

    def test_what_does_not_go_together_is_not_drawn(self):
        for changes in (
            {"birth": "submit"},
            {"holder": "nothing"},
            {"work": "never ending"},
            {"work": "in a thread"},
            {"reader": "wrap_future"},
        ):
            self.assertFalse(single.dataclasses.replace(SINGLE, **changes).fits(), changes)
        self.assertTrue(SINGLE.fits())


class Smaller(unittest.TestCase):
    def test_what_does_not_matter_goes(self):
        program = next(
            program
            for program in PROGRAMS
            if len(program.strands) == 3 and any(p == "reader: cancel" for p in program.productions)
        )
        small = smallest(program, lambda one: "reader: cancel" in one.productions)
        self.assertEqual(
            small.productions,
            (
                "frame: run",
                "work: at once",
                "birth: create_task",
                "holder: a local variable",
                "disturbance: nothing",
                "reader: cancel",
            ),
        )

    def test_siblings_go_too(self):
        program = next(program for program in PROGRAMS if "plot: gather" in program.productions)
        small = smallest(program, lambda one: "plot: gather" in one.productions)
        self.assertEqual((len(small.strands), len(small.strands[0].cast)), (1, 1))

    def test_what_cannot_be_smaller_stays(self):
        program = Program((SINGLE,), "run")
        self.assertEqual(smallest(program, lambda one: False), program)


#: What main does with `job`, a task that has failed; and whether that reads the failure.
READS = {
    "try: await job\nexcept OSError: pass": True,
    "job.exception()": True,
    "try: job.result()\nexcept OSError: pass": True,
    "job.done(), job.cancelled(), repr(job)": False,
    "job.cancel()": False,
    "await asyncio.wait([job])": False,
    "await asyncio.wait([job], return_when=asyncio.FIRST_EXCEPTION)": False,
    "await asyncio.gather(job, return_exceptions=True)": False,
    "len(await asyncio.gather(job, return_exceptions=True))": False,
    "[repr(one) for one in await asyncio.gather(job, return_exceptions=True)]": True,
    "(await asyncio.gather(job, return_exceptions=True))[0]": True,
    "try: await asyncio.gather(job)\nexcept OSError: pass": True,
    "gathering = asyncio.gather(job)\nawait asyncio.sleep(0.01)": False,
    "try: await asyncio.wait_for(job, 9)\nexcept OSError: pass": True,
    "waiting = asyncio.create_task(asyncio.wait_for(job, 9))\nawait asyncio.sleep(0.01)": False,
    "try: await asyncio.shield(job)\nexcept OSError: pass": True,
    "job.add_done_callback(lambda job: job.exception())\nawait asyncio.sleep(0.01)": True,
    "job.add_done_callback(print)\nawait asyncio.sleep(0.01)": False,
    "for one in asyncio.as_completed([job]):\n    try: await one\n    except OSError: pass": True,
    """
    async def follow():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.wait_for(job, 9))
    following = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    """: False,
}


class Record(unittest.TestCase):
    """What counts as a read. It runs on the Python that runs the tests."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "program.py"
        self.warm = Warm(sys.executable, "truth", None)
        self.addCleanup(self.warm.close)

    def run_program(self, body: str) -> Ran:
        body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
        self.path.write_text(
            "import asyncio\n\nasync def work():\n    raise OSError('gone')\n\nasync def main():\n"
            f"    job = asyncio.create_task(work())\n    await asyncio.sleep(0.01)\n{body}\n\nasyncio.run(main())\n"
        )
        return self.warm.run(self.path)

    def test_reads(self):
        for body, reads in READS.items():
            ran = self.run_program(body)
            self.assertEqual((ran.code, ran.records[0]["raised"]), (0, ["gone"]), ran.output)
            self.assertEqual("gone" in ran.records[0]["read"], reads, body)

    def test_a_program_that_does_not_end_is_killed(self):
        self.warm.limit = 0.5
        self.assertIsNone(self.run_program("await asyncio.Event().wait()").code)

    def test_a_program_that_fails_says_so(self):
        ran = self.run_program("await job")
        self.assertEqual(ran.code, 1)
        self.assertIn("OSError: gone", ran.output)


def record(verdict: str | None, message: str = "prices: gone", name: str = "1", lines: tuple[int, ...] = (7,)) -> dict:
    """A line of heard's JSON."""
    return {
        "id": name,
        "event": "task-failed",
        "rule": "dropped-task",
        "verdict": verdict,
        "why": "nobody holds it",
        "repeated": 0,
        "exception": {"message": message, "exceptions": []},
        "born": [{"path": "program.py", "line": line, "function": "main"} for line in lines],
    }


LINE = 7
GROUP = {
    **record("lost"),
    "exception": {"message": "two", "exceptions": [{"message": "prices: gone", "exceptions": []}]},
}
#: The truth, what heard says, whether the grace was long, and what is wrong with it.
COMPARED = (
    (LOST, [], True, [compare.MISSED]),
    (LOST, [record("lost")], True, []),
    (LOST, [GROUP], True, []),
    (HEARD, [{**GROUP, "verdict": "unread"}, record("escalated", "two")], False, [compare.WRONG_LOST]),
    (LOST, [record("unread"), record("escalated")], False, []),
    (LOST, [record("lost", "trains: gone")], True, [compare.NOISE, compare.MISSED]),
    (LOST, [record("lost"), record("lost", name="2")], True, [compare.TWICE]),
    (LOST, [record("lost", lines=(3, 4))], True, [compare.BIRTH]),
    (LOST, [record("lost", lines=(3, 7))], True, []),
    (LOST, [{**record("lost", "prices: gone too", name="2"), "repeated": 1}], True, []),
    (HEARD, [{**record(None), "exception": None, "event": "task-pending-at-exit"}], True, []),
    (HEARD, [{**record(None), "exception": None, "event": "task-swallowed-cancel"}], True, [compare.NOISE]),
    (HEARD, [], True, []),
    (HEARD, [record("lost")], True, [compare.WRONG_LOST]),
    (HEARD, [record(None)], True, [compare.WRONG_LOST]),
    (HEARD, [record("unread"), record("escalated")], False, [compare.WRONG_LOST]),
    (HEARD, [record("unread")], False, [compare.WRONG_UNREAD]),
    (HEARD, [record("unread"), record("retracted")], False, []),
    (HEARD, [record("unread"), record("retracted")], True, [compare.WRONG_UNREAD]),
    (QUIET, [], True, []),
    (QUIET, [record("lost")], True, [compare.NOISE]),
)


class Compared(unittest.TestCase):
    def test_what_heard_says(self):
        for fate, records, patient, expected in COMPARED:
            says = [Stated("prices: gone", fate, LINE)]
            found = compare.check_heard(says, Ran(0, "", []), Ran(0, "", records), patient)
            self.assertEqual([one.kind for one in found], expected, (fate, records, patient))

    def test_what_is_undecided_has_productions_and_belongs_to_a_kind(self):
        drawn = {production for program in PROGRAMS for production in program.productions}
        self.assertEqual({name for one in runtime.UNDECIDED for names in one.productions for name in names} - drawn, set())
        missed = compare.Disagreement(compare.MISSED, "m", "lost", "nothing")
        wrong = compare.Disagreement(compare.WRONG_LOST, "m", "nothing", "lost")
        for production, found, is_explained in (
            ("plot: gather of exceptions of which one is looked at", missed, True),
            ("plot: gather of exceptions of which one is looked at", wrong, False),
            ("plot: gather", missed, False),
        ):
            self.assertEqual(undecided.explained(runtime.UNDECIDED, (production,), found) is not None, is_explained, production)

    def test_harm(self):
        for ran in (Ran(1, "", []), Ran(None, "", []), Ran(0, "heard: a report failed\n", [])):
            found = compare.check_heard([], Ran(0, "", []), ran, True)
            self.assertEqual([one.kind for one in found], [compare.HARM], ran)

    def test_a_header_that_is_wrong_is_the_generator_s(self):
        for fate, raised, read in (
            (HEARD, True, False),
            (LOST, True, True),
            (LOST, False, False),
            (QUIET, True, False),
        ):
            told = {"raised": ["m"] * raised, "read": ["m"] * read, "unpacked": []}
            found = compare.check_truth([Stated("m", fate, None)], Ran(0, "", [told]))
            self.assertEqual([one.kind for one in found], [compare.GENERATOR], fate)


#: A package in the place of heard, which says the same of every program.
_STUB = """
import json, runpy, sys
records, program = sys.argv[sys.argv.index("--json") + 1], sys.argv[-1]
said = {said}
runpy.run_path(program, run_name="__main__")
with open(records, "w") as file:
    for line in open(program):
        if said and line.startswith(("# heard: ", "# lost: ")):
            message = line.partition(": ")[2].partition(" (born")[0].strip()
            told = {{"id": message, "event": "e", "rule": "r", "verdict": "lost", "why": "w", "repeated": 0, "born": [],
                     "exception": {{"message": message, "exceptions": []}}}}
            file.write(json.dumps(told) + "\\n")
"""


class Runs(unittest.TestCase):
    """The command itself, with monitors that are wrong."""

    def run_with(self, said: bool) -> subprocess.CompletedProcess:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        package = Path(folder.name) / "heard"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text(_STUB.format(said=said))
        command = [sys.executable, str(HERE / "run"), "--count", "12", "--seed", "4", "--heard", folder.name]
        command += ["--work", str(Path(folder.name) / "work"), "--command-line", "5"]
        return subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""}, check=False
        )

    def test_a_monitor_that_says_nothing_misses(self):
        ran = self.run_with(said=False)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stdout, r"12 programs")
        self.assertRegex(ran.stdout, r"\d+ missed")
        self.assertNotRegex(ran.stdout, "wrong")

    def test_a_monitor_that_accuses_all_is_wrong(self):
        ran = self.run_with(said=True)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stdout, r"\d+ wrong lost")
        self.assertNotRegex(ran.stdout, "missed|the generator")


if __name__ == "__main__":
    unittest.main()
