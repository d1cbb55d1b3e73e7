"""`unittest.IsolatedAsyncioTestCase`."""

import asyncio
import gc
import unittest
from unittest.mock import AsyncMock

from port.cranes import Yard
from port.errors import BerthTaken, FeedDown, ManifestDamaged, RadioSilence
from port.manifests import Desk, Office, send
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from steps import turns, without
from truth import leaves, loses


class YardTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.yard = Yard()
        self.yard.open()

    async def asyncTearDown(self):
        await self.yard.close()

    async def test_lifts(self):
        await self.yard.lift_all("wood", "wool")
        self.assertEqual(len(self.yard.lifted), 2)

    @loses(BerthTaken, "Yard.work")
    async def test_breaks(self):
        await self.yard.lift_all("broken pipe", "wood")
        self.assertEqual(self.yard.lifted, ["wood"])

    async def test_breaks_and_asks(self):
        await self.yard.lift_all("broken pipe", "wood")
        with self.assertRaises(BerthTaken):
            await self.yard.close_and_ask()

    @loses(BerthTaken)
    async def test_a_timer_breaks(self):
        self.yard.lift_later("broken pipe", 0)
        await asyncio.sleep(0.005)

    async def test_a_group_raises(self):
        with self.assertRaises(ExceptionGroup):
            await self.yard.lift_in_group("broken pipe", "wood")


class WarmTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        without("north").warm("north")
        await turns()

    @loses(FeedDown, "Tides.refresh")
    async def test_that_is_set_up_badly(self):
        await turns()


class ColdTest(unittest.IsolatedAsyncioTestCase):
    async def asyncTearDown(self):
        without("north").warm("north")
        await turns()

    @loses(FeedDown, "Tides.refresh")
    async def test_that_is_torn_down_badly(self):
        await turns()


class CleanTest(unittest.IsolatedAsyncioTestCase):
    @loses(FeedDown, "Tides.refresh")
    async def test_that_cleans_up_badly(self):
        self.addAsyncCleanup(without("north").warm_all, "north")

    async def test_that_cleans_up(self):
        task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
        self.addCleanup(task.cancel)
        await turns()

    async def test_that_enters_a_context(self):
        await self.enterAsyncContext(asyncio.timeout(60))


class ClassTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        async def warm():
            without("north").warm("north")
            await turns()

        asyncio.run(warm())

    @loses(FeedDown, "Tides.refresh")
    async def test_1_that_has_the_class_set_up(self):
        await turns()

    async def test_2_bystander(self):
        gc.collect()
        await turns()


class RadioTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.radio = Radio()
        self.radio.listen("harbour", deaf)

    @loses(RadioSilence, "deaf")
    async def test_calls(self):
        self.assertEqual(await self.radio.call("harbour", "ahoy"), 1)

    @loses(RadioSilence, "deaf")
    async def test_shouts_and_ends(self):
        self.radio.shout("harbour", "ahoy")

    async def test_shouts_and_is_logged(self):
        with self.assertLogs("asyncio", "ERROR") as logs:
            self.radio.shout("harbour", "ahoy")
            await turns()
            gc.collect()
        self.assertIn("RadioSilence", logs.output[0])

    async def test_calls_and_is_logged(self):
        with self.assertLogs("port.radio", "WARNING"):
            await self.radio.call_and_log("harbour", "ahoy")

    @loses(RadioSilence, "deaf")
    async def test_each_word(self):
        for word in ("ahoy", "mayday"):
            with self.subTest(word=word):
                self.radio.shout("harbour", word)
                await turns()

    @loses(None, "deaf")
    async def test_says(self):
        self.radio.say("harbour", "ahoy")

    async def test_says_and_is_warned(self):
        with self.assertWarnsRegex(RuntimeWarning, "never awaited"):
            self.radio.say("harbour", "ahoy")
            gc.collect()

    @loses(RadioSilence, "Radio._answer")
    async def test_mayday(self):
        self.assertEqual(await self.radio.mayday(0.001), "no answer")
        await asyncio.sleep(0.01)

    @unittest.expectedFailure
    async def test_is_expected_to_fail(self):
        await deaf("ahoy")

    @unittest.skip("not today")
    async def test_is_skipped(self):
        self.radio.shout("harbour", "ahoy")


class OfficeTest(unittest.IsolatedAsyncioTestCase):
    async def test_sends_again(self):
        pause = AsyncMock()
        self.assertEqual(await send(Office(failures=1), "wool=3", pause=pause), "receipt 1")
        pause.assert_awaited_once()

    @loses(FeedDown, "send")
    async def test_sends_in_the_background(self):
        self.sending = asyncio.create_task(send(Office(failures=9), "wool=3", attempts=1))
        await turns()

    @loses(ManifestDamaged)
    async def test_puts_on_the_pile(self):
        with Desk() as desk:
            desk.put("wool=many")

    @leaves("Tides.watch")
    async def test_leaves_a_watch(self):
        self.watch = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
        await turns()

    @loses(None, "Tides.watch_stubbornly")
    async def test_leaves_a_stubborn_watch(self):
        task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch_stubbornly("north", asyncio.Event()))
        await turns()
        task.cancel()
        await turns()
        assert not task.done()


class PlainTest(unittest.TestCase):
    def test_plain(self):
        gc.collect()

    @loses(FeedDown, "Tides.refresh")
    def test_runs_a_loop(self):
        asyncio.run(without("north", south=0.5).warm_all("north", "south"))
