"""Tests for suites that run them in processes of their own, which import all of them."""

import asyncio
import contextlib
import gc

import pytest
from port.cranes import Yard
from port.errors import BerthTaken, FeedDown, ManifestDamaged, RadioSilence
from port.manifests import Desk
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from steps import turns, without
from truth import loses


@pytest.fixture
async def warmed_at_the_end():
    yield
    without("north").warm("north")
    await turns()


@loses(FeedDown, "Tides.refresh")
@pytest.mark.parametrize("number", range(3))
async def test_warming(number):
    without("north").warm("north")
    await turns()


@pytest.mark.parametrize("number", range(3))
async def test_warming_what_answers(number):
    Tides(Gauges(north=1.5).read).warm("north")
    await turns()


@loses(FeedDown, "Tides.refresh")
async def test_tear_down(warmed_at_the_end):
    await turns()


@loses(None, "Tides.refresh")
async def test_expiring():
    without("north").expire()


@loses(RadioSilence, "deaf")
def test_calling():
    radio = Radio()
    radio.listen("harbour", deaf)
    assert asyncio.run(radio.call("harbour", "ahoy")) == 1


@loses(ManifestDamaged)
def test_a_pile():
    with Desk() as desk:
        desk.put("wool=many")


@loses(BerthTaken, "Yard.work")
async def test_cranes():
    yard = Yard()
    yard.open()
    await yard.lift_all("broken pipe", "wood")
    await yard.close()


async def test_cranes_that_are_asked():
    yard = Yard()
    yard.open()
    await yard.lift_all("broken pipe", "wood")
    with pytest.raises(BerthTaken):
        await yard.close_and_ask()


async def leave_a_watch():
    asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
    await turns()


async def test_what_is_stopped():
    task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
    await turns()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_late_reader():
    task = asyncio.create_task(without("north").refresh("north"))
    await turns()
    gc.collect()
    assert isinstance(task.exception(), FeedDown)


async def test_what_is_logged(caplog):
    radio = Radio()
    radio.listen("harbour", deaf)
    await radio.call_and_log("harbour", "ahoy")
    assert "ahoy" in caplog.text


@pytest.mark.asyncio(loop_scope="class")
class TestShift:
    async def test_before(self):
        await turns()

    @loses(RadioSilence, "deaf")
    async def test_shouting(self):
        radio = Radio()
        radio.listen("harbour", deaf)
        radio.shout("harbour", "ahoy")
        await turns()

    async def test_after(self):
        await turns()
        gc.collect()


def test_a_plain_test():
    gc.collect()
