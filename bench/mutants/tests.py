"""What the mutations make of small sources: `python3 bench/mutants/tests.py`."""

import textwrap
import unittest

from mutation import awaits, reads
from mutation.mutant import apply
from mutation.source import parse


def mutated(part, body: str) -> dict[str, str]:
    """The body of a function after each mutation, by context; blank lines stand for what was there."""
    text = "async def main(self, loop):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    found = part.candidates("package", parse("main.py", text))
    result = {one.context: apply(text, one.edits) for one in found}
    assert all(after.count("\n") == text.count("\n") for after in result.values()), "a line has moved"
    return {context: textwrap.dedent(after.partition("\n")[2]).rstrip() for context, after in result.items()}


class Awaits(unittest.TestCase):
    def test_contexts(self):
        body = """
            await a()
            b = await b()
            f(await c())
            (await d()).x
            if await e() and 1:
                pass
            return await g()
        """
        contexts = ["statement", "assignment", "argument", "attribute", "condition", "return"]
        self.assertEqual(sorted(mutated(awaits, body)), sorted(contexts))

    def test_only_calls(self):
        self.assertEqual(mutated(awaits, "await task"), {})

    def test_the_call_stays(self):
        self.assertEqual(mutated(awaits, "x = (await  a(\n    1)).b"), {"attribute": "x = (a(\n    1)).b"})


class Reads(unittest.TestCase):
    def test_task(self):
        body = "t = asyncio.create_task(f())\ntry:\n    x = await t\nfinally:\n    t.cancel()\nprint(x)"
        after = "t = asyncio.create_task(f())\ntry:\n    pass\nfinally:\n    t.cancel()\npass"
        self.assertEqual(mutated(reads, body), {"cancelled": after})

    def test_results_of_gather(self):
        body = "rs = await asyncio.gather(f(), g(), return_exceptions=True)\nfor r in rs:\n    log(r)\nprint(len(rs))"
        after = "rs = await asyncio.gather(f(), g(), return_exceptions=True)\npass\n\nprint(len(rs))"
        self.assertEqual(mutated(reads, body), {"gather": after})

    def test_wait_can_stay(self):
        body = "ts = [asyncio.create_task(f()) for f in fs]\ndone, _ = await asyncio.wait(ts)\nfor t in done:\n    t.result()"
        waits = "ts = [asyncio.create_task(f()) for f in fs]\ndone, _ = await asyncio.wait(ts)\npass"
        without = "ts = [asyncio.create_task(f()) for f in fs]\npass\npass"
        self.assertEqual(mutated(reads, body), {"tasks": without, "wait": waits})

    def test_loop_with_a_break_of_its_own(self):
        body = "t = asyncio.create_task(f())\nfor x in await t:\n    if x:\n        break\nprint(1)"
        after = "t = asyncio.create_task(f())\npass\n\n\nprint(1)"
        self.assertEqual(mutated(reads, body), {"task": after})

    def test_left_alone(self):
        for body in (
            "t = asyncio.create_task(f())\nself.tasks.add(t)",  # nothing is read, so no reading is lost
            "t = group.create_task(f())\nawait t",  # the group reads it
            "t = asyncio.create_task(f())\nx = lambda: t.result()\nawait t",  # read in another function
            "t = asyncio.create_task(f())\nwhile True:\n    if await t:\n        break",  # the loop would not end
            "t = asyncio.create_task(asyncio.sleep(1))\nawait t",  # cannot fail
            "rs = await asyncio.gather(*self.ts, return_exceptions=True)\nprint(rs)",  # held elsewhere too
        ):
            self.assertEqual(mutated(reads, body), {}, body)


if __name__ == "__main__":
    unittest.main()
