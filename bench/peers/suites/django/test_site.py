"""Django's own test cases and clients, and pytest-django's fixtures."""

import asyncio
import gc

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.dispatch import Signal
from django.test import SimpleTestCase, TestCase
from port.errors import FeedDown, ManifestDamaged, RadioSilence
from port.manifests import parse
from port.tides import Gauges, Tides
from truth import leaves, loses


class ViewTest(SimpleTestCase):
    async def test_a_level(self):
        self.assertContains(await self.async_client.get("/levels/north"), "1.5")

    async def test_a_level_that_is_not_there(self):
        with self.assertRaises(FeedDown):
            await self.async_client.get("/levels/south")

    async def test_a_level_that_is_an_error_of_the_server(self):
        self.async_client.raise_request_exception = False
        self.assertEqual((await self.async_client.get("/levels/south")).status_code, 500)

    @loses(FeedDown, "Tides.refresh")
    async def test_warming(self):
        self.assertContains(await self.async_client.get("/warm/south"), "warm")

    @loses(FeedDown, "Tides.refresh")
    def test_warming_by_the_plain_client(self):
        self.assertContains(self.client.get("/warm/south"), "warm")

    @loses(FeedDown, "Tides.refresh")
    def test_warming_in_plain_code(self):
        self.assertContains(self.client.get("/plain/south"), "warm")

    def test_warming_what_answers(self):
        self.assertContains(self.client.get("/plain/north"), "warm")

    @loses(None, "Tides.refresh")
    async def test_expiring(self):
        self.assertContains(await self.async_client.get("/expire"), "expired")

    @loses(RadioSilence, "deaf")
    def test_calling(self):
        self.assertContains(self.client.get("/call"), "1")

    @loses(ManifestDamaged)
    async def test_plain_code_in_a_thread_that_nobody_awaits(self):
        done = asyncio.Event()
        asyncio.ensure_future(sync_to_async(parse)("wool=many")).add_done_callback(lambda task: done.set())
        await done.wait()

    async def test_plain_code_in_a_thread(self):
        with self.assertRaises(ManifestDamaged):
            await sync_to_async(parse)("wool=many")

    @leaves("Tides.watch")
    async def test_what_is_left(self):
        self.watch = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
        await asyncio.sleep(0)


class UserTest(TestCase):
    async def test_who_is_there(self):
        await User.objects.acreate(username="pilot")
        self.assertEqual(await User.objects.acount(), 1)

    @loses(None)
    async def test_who_is_never_made(self):
        User.objects.acreate(username="pilot")

    @loses(User.DoesNotExist)
    async def test_who_is_not_there(self):
        asyncio.ensure_future(User.objects.aget(username="nobody"))
        await asyncio.sleep(0.05)


class SetUpTest(SimpleTestCase):
    def setUp(self):
        self.client.get("/warm/south")

    @loses(FeedDown, "Tides.refresh")
    def test_that_is_set_up_badly(self):
        pass


async def grumble(sender, **_):
    raise RadioSilence("a receiver grumbles")


async def test_a_robust_signal_is_read():
    signal = Signal()
    signal.connect(grumble)
    [(_, answer)] = await signal.asend_robust(None)
    assert isinstance(answer, RadioSilence)


@loses(RadioSilence)
async def test_a_signal_that_nobody_awaits():
    signal = Signal()
    signal.connect(grumble)
    asyncio.ensure_future(signal.asend(None))
    await asyncio.sleep(0.05)


@loses(FeedDown, "Tides.refresh")
@pytest.mark.django_db(transaction=True)
async def test_the_client_of_the_plugin(async_client):
    assert (await async_client.get("/warm/south")).status_code == 200


@pytest.mark.django_db
async def test_the_database_is_empty(async_client):
    assert await User.objects.acount() == 0


def test_the_end(client):
    gc.collect()
    assert client.get("/levels/north").status_code == 200
