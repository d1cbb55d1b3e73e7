#!/usr/bin/env python3
"""What the shapes of programs and their comparison say: `python3 oracle/tests_of_shapes.py`."""

import ast
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from shapes import compare, exempt, samples
from shapes.places import tagged, text_and_tags
from shapes.shapes import SHAPES

HERE = Path(__file__).resolve().parent
SAMPLE = samples.Sample("a sample", '''
import asyncio

class Desk:
    def __init__(self):
        self.open = True

    async def close(self):
        await asyncio.sleep(0)
        self.open = False

async def count(most):
    await asyncio.sleep(0)
    return list(range(most))

async def tell(most):
    desk = Desk()
    job = asyncio.create_task(count(most))
    print(desk.open, await job)
    await desk.close()
    return desk.open

async def main():
    print(await tell(3))

asyncio.run(main())
''')


def run(files: dict[str, str]) -> tuple[int, str]:
    """The exit code and the output of a program."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        ran = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr


class Shapes(unittest.TestCase):
    def test_each_shape_does_the_same(self):
        as_it_is = run({"program.py": SAMPLE.text})
        self.assertEqual(as_it_is, (0, "True [0, 1, 2]\nFalse\n"))
        for shape in SHAPES:
            trial = compare.trial(SAMPLE, shape)
            self.assertIsNotNone(trial, shape.name)
            files = {name: text for name, (text, _) in trial.files.items()}
            self.assertNotEqual(files, {"program.py": ast.unparse(SAMPLE.tree())}, shape.name)
            self.assertEqual(run(files), as_it_is, shape.name)

    def test_each_statement_is_found_again(self):
        text, tags = text_and_tags(tagged(SAMPLE.tree()))
        self.assertEqual(len(text.splitlines()), max(tags))
        for shape in SHAPES:
            files = compare.trial(SAMPLE, shape).files.values()
            self.assertEqual({tag for _, own in files for tag in own.values()} - {None}, set(tags.values()), shape.name)

    def test_what_has_nothing_to_change_has_no_shape(self):
        nothing = samples.Sample("nothing", "import time\nassert time.time()")
        shapes = {shape.name for shape in SHAPES if compare.trial(nothing, shape) is not None}
        self.assertEqual(shapes, {"with other code", "with a twin"})

    def test_the_pages_have_samples(self):
        names = [sample.name for sample in samples.written()]
        self.assertEqual(len(names), len(set(names)))
        for folder in ("src/rules", "tests/rules", "tests/cases"):
            self.assertGreater(sum(name.startswith(folder) for name in names), 100)

    def test_exemptions_name_shapes(self):
        self.assertEqual({name for one in exempt.EXEMPT for name in one.shapes} - {one.name for one in SHAPES}, set())


#: A program in the place of heard, which reports every task, or those only that stand in the file with this name.
_STUB = """#!{python}
import json, pathlib
for path in sorted(pathlib.Path().rglob("{files}")):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if "create_task(" in line:
            print(json.dumps({{"rule": "unread-task", "level": "default", "path": str(path), "line": number}}))
"""


class Compared(unittest.TestCase):
    def differences(self, files: str) -> set[str]:
        """The shapes in which an analyser that looks at some files only finds something else."""
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder) / "heard"
            heard.write_text(_STUB.format(python=sys.executable, files=files))
            heard.chmod(0o755)
            count, found = compare.differences(heard, [(SAMPLE, shape) for shape in SHAPES])
            self.assertEqual(count, len(SHAPES))
            return {difference.trial.shape.name for difference in found}

    def test_what_finds_the_same_agrees(self):
        # The helper has a call of its own.
        self.assertEqual(self.differences("*.py"), {"by a helper"})

    def test_what_looks_at_one_file_differs_where_there_are_more(self):
        self.assertEqual(self.differences("program.py"), {"by a helper", "in another file", "re exported"})


if __name__ == "__main__":
    unittest.main()
