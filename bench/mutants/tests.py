"""What the mutations make of small sources: `python3 bench/mutants/tests.py`."""

import textwrap
import unittest

from mutation import awaits, reads, stored
from mutation.mutant import apply
from mutation.slots import Surroundings
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


def stored_mutants(body: str, **others: str) -> dict[str, str]:
    """A class `Poller` with these methods after each mutation, by context; the others are the files beside it."""
    methods = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    text = f"class Poller(Base):\n{methods}\n"
    found = stored.candidates("package", parse("main.py", text), Surroundings({"main.py": text, **others}))
    result = {one.context: apply(text, one.edits) for one in found}
    assert all(after.count("\n") == text.count("\n") for after in result.values()), "a line has moved"
    return {context: textwrap.dedent(after.partition("\n")[2]).rstrip() for context, after in result.items()}


class Stored(unittest.TestCase):
    START = "def start(self):\n    self._t = asyncio.create_task(self.run())\n"
    AWAIT = "async def stop(self):\n    await self._t"

    def test_attribute(self):
        after = self.START + "async def stop(self):\n    pass"
        self.assertEqual(stored_mutants(self.START + self.AWAIT), {"attribute": after})

    def test_another_name_for_it(self):
        body = self.START + "async def stop(self):\n    t, self._t = self._t, None\n    t.cancel()\n    await asyncio.wait_for(t, 5)"
        self.assertEqual(stored_mutants(body), {"cancelled": body.replace("await asyncio.wait_for(t, 5)", "pass")})

    def test_collection(self):
        body = """
            def start(self):
                t = asyncio.create_task(self.run())
                self._ts.add(t)
                t.add_done_callback(self._ts.discard)
                t.add_done_callback(self.tell)
            def tell(self, t):
                log(t.exception())
            async def stop(self):
                for t in list(self._ts):
                    t.cancel()
                await asyncio.gather(*self._ts)
        """
        after = textwrap.dedent(body).strip("\n").replace("t.add_done_callback(self.tell)", "pass")
        after = after.replace("await asyncio.gather(*self._ts)", "pass")
        self.assertEqual(stored_mutants(body), {"collection": after})

    def test_mapping(self):
        body = """
            def start(self, key):
                self._ts[key] = asyncio.create_task(self.run())
            async def stop(self, key):
                if key in self._ts:
                    t = self._ts.pop(key)
                    await t
        """
        after = textwrap.dedent(body).strip("\n").replace("await t", "pass")
        self.assertEqual(stored_mutants(body), {"mapping": after})

    def test_moved(self):
        body = "async def run(self):\n    t = asyncio.create_task(f())\n    if t.done():\n        pass\n    await t"
        after = "async def run(self):\n    self._kept_t = asyncio.create_task(f())\n    if self._kept_t.done():\n        pass\n    pass"
        self.assertEqual(stored_mutants(body), {"moved": after})

    def test_left_alone(self):
        for body in (
            self.START,  # nothing is read, so no reading is lost
            self.START + "async def stop(self):\n    await asyncio.wait([self._t])",  # nor here
            self.START + self.AWAIT + "\ndef get(self):\n    return self._t",  # others get it
            self.START + self.AWAIT + "\ndef set(self, t):\n    self._t = t",  # it may be another task
            "__slots__ = ()\nasync def run(self):\n    t = asyncio.create_task(f())\n    await t",  # no place to move to
        ):
            self.assertEqual(stored_mutants(body), {}, body)

    def test_others_speak_of_it(self):
        for other in ("await poller._t", "getattr(poller, '_t')", "class Base:\n    async def wait(self):\n        await self._t"):
            self.assertEqual(stored_mutants(self.START + self.AWAIT, **{"b.py": other}), {}, other)
        for other in ("poller._t.cancel()", "class Other:\n    async def wait(self):\n        await self._t", "_t = 1"):
            self.assertEqual(len(stored_mutants(self.START + self.AWAIT, **{"b.py": other})), 1, other)


if __name__ == "__main__":
    unittest.main()
