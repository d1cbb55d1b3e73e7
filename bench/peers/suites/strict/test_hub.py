"""pytest-asyncio in strict mode, with loops of every scope."""

import asyncio
import contextlib
import gc

import pytest
import pytest_asyncio
from port.cranes import Yard
from port.errors import BerthTaken, FeedDown, RadioSilence
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from steps import turns, without
from truth import leaves, loses

kept = []


@pytest_asyncio.fixture
async def yard():
    yard = Yard()
    yard.open()
    yield yard
    await yard.close()


@pytest_asyncio.fixture
async def asking_yard():
    yard = Yard()
    yard.open()
    yield yard
    with contextlib.suppress(BerthTaken):
        await yard.close_and_ask()


@pytest.mark.asyncio
async def test_loads_are_lifted(yard):
    await yard.lift_all("wood", "wool", "iron")
    assert len(yard.lifted) == 3


@loses(BerthTaken, "Yard.work")
@pytest.mark.asyncio
async def test_a_crane_breaks_and_its_yard_does_not_ask(yard):
    await yard.lift_all("broken pipe", "wood")
    assert yard.lifted == ["wood"]


@pytest.mark.asyncio
async def test_a_crane_breaks_and_its_yard_asks(asking_yard):
    await asking_yard.lift_all("broken pipe", "wood")
    assert asking_yard.lifted == ["wood"]


@pytest.mark.asyncio
async def test_the_last_thing_that_a_test_does_is_cut_short():
    # The loop of the test is closed before the feed can fail.
    without("north").warm("north")


@loses(FeedDown, "Tides.refresh")
@pytest.mark.asyncio
@pytest.mark.parametrize("stations", [("north",), ("north", "south")], ids=len)
async def test_all_are_warm(stations):
    await without("north", south=0.5).warm_all(*stations)


@pytest.mark.asyncio
async def test_a_refresh_is_read_late():
    task = asyncio.create_task(without("north").refresh("north"))
    await turns()
    gc.collect()
    await turns()
    assert isinstance(task.exception(), FeedDown)


@pytest.mark.asyncio
async def test_a_refresh_is_read_by_a_helper():
    async def outcome(task):
        (done,) = (await asyncio.wait([task]))[0]
        return type(done.exception())

    assert await outcome(asyncio.create_task(without("north").refresh("north"))) is FeedDown


@leaves("Tides.watch")
@pytest.mark.asyncio
async def test_a_watch_goes_on():
    kept.append(asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north")))
    await turns()


@loses(FeedDown, "Tides.watch")
@pytest.mark.asyncio
async def test_a_watch_is_kept_by_the_module():
    kept.append(asyncio.create_task(without("north").watch("north")))
    await turns()


@pytest.mark.asyncio
async def test_a_bystander_collects():
    kept.clear()
    gc.collect()
    await turns()


@loses(None, "Tides.refresh")
@pytest.mark.asyncio
async def test_expiring_is_forgotten():
    without("north").expire()


@pytest.mark.asyncio
async def test_a_coroutine_is_closed_by_hand():
    coroutine = without("north").refresh("north")
    coroutine.close()


@pytest.mark.asyncio
async def test_a_time_limit_is_kept():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await Tides(Gauges(north=1.5).read).watch("north")


@pytest.mark.xfail(reason="nobody listens yet", strict=True)
@pytest.mark.asyncio
async def test_nobody_listens_yet():
    radio = Radio()
    radio.listen("harbour", deaf)
    radio.shout("harbour", "ahoy")
    await turns()
    raise AssertionError("not yet")


@pytest.mark.asyncio(loop_scope="class")
class TestShift:
    """One loop for a class."""

    @pytest_asyncio.fixture(loop_scope="class", scope="class")
    async def radio(self):
        radio = Radio()
        radio.listen("harbour", deaf)
        yield radio

    async def test_nothing_is_said(self, radio):
        assert radio.counts == {"harbour": 0}

    @loses(RadioSilence, "deaf")
    async def test_something_is_shouted(self, radio):
        radio.shout("harbour", "ahoy")
        await turns()

    async def test_nothing_more_is_said(self, radio):
        await turns()
        gc.collect()

    @loses(RadioSilence, "deaf")
    @pytest.mark.parametrize("word", ["mayday", "pan pan"])
    async def test_words_are_called(self, radio, word):
        assert await radio.call("harbour", word) == 1

    async def test_words_are_logged(self, radio, caplog):
        await radio.call_and_log("harbour", "roger")
        assert "roger" in caplog.text


@pytest.mark.asyncio(loop_scope="module")
class TestTower:
    """The loop of the module, whose tasks outlive their tests."""

    async def test_a_watch_begins(self):
        TestTower.gauges = Gauges(north=1.5)
        TestTower.go = asyncio.Event()

        async def pause(seconds):
            await TestTower.go.wait()

        TestTower.watch = asyncio.create_task(Tides(TestTower.gauges.read).watch("north", pause))
        await turns()
        assert not TestTower.watch.done()
        TestTower.gauges.down.add("north")
        TestTower.go.set()
        with pytest.raises(FeedDown):
            await TestTower.watch

    @loses(FeedDown, "Tides.refresh")
    async def test_a_gather_fails_twice(self):
        class Feed(Gauges):
            async def read(self, station):
                await turns(1 if station == "north" else 3)
                raise FeedDown(station)

        with pytest.raises(FeedDown):
            await Tides(Feed().read).lowest("north", "south")
        await turns()

    async def test_all_is_quiet(self):
        await turns()
        gc.collect()


@pytest.mark.asyncio(loop_scope="session")
async def test_the_loop_of_the_session_is_quiet():
    await turns()


@loses(RadioSilence, "Radio._answer")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_late_answer_on_the_loop_of_the_session():
    assert await Radio().mayday(0.001) == "no answer"
    await asyncio.sleep(0.01)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_loop_of_the_session_is_quiet_again():
    gc.collect()
    await turns()


def test_without_a_loop():
    gc.collect()
