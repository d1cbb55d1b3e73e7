"""pytest-asyncio in auto mode: mocks, patched time, threads, callbacks."""

import asyncio
import contextlib
import gc
from unittest.mock import AsyncMock, MagicMock, create_autospec, patch

import pytest
from port.cranes import Yard
from port.errors import BerthTaken, FeedDown, HarbourError, ManifestDamaged
from port.manifests import Desk, Office, read, send, send_and_archive
from port.radio import Radio
from port.tides import Gauges, Tides
from steps import turns
from truth import leaves, loses


@pytest.fixture
def office():
    return AsyncMock(spec=Office)


@pytest.fixture
def no_time(monkeypatch):
    """Nothing takes time."""
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: real(0))


async def test_a_mock_takes_a_list(office):
    office.take.return_value = "receipt"
    assert await send(office, "wool=3") == "receipt"


async def test_a_mock_is_closed_for_good(office, no_time):
    office.take.side_effect = FeedDown("closed")
    with pytest.raises(FeedDown):
        await send(office, "wool=3")
    assert office.take.await_count == 3


@loses(HarbourError)
async def test_a_mocked_archive_is_full(office):
    archive = AsyncMock(side_effect=HarbourError("full"))
    await send_and_archive(office, "wool=3", archive)
    await turns()
    archive.assert_awaited_once()


@loses(None, "take")
async def test_a_mock_is_called_and_not_awaited(office):
    office.take("wool=3")
    office.take.assert_called_once()


async def test_a_mock_of_a_listener_is_awaited():
    radio, listener = Radio(), AsyncMock()
    radio.listen("harbour", listener)
    assert await radio.call("harbour", "ahoy") == 1
    listener.assert_awaited_once_with("ahoy")


@loses(RuntimeError)
async def test_a_mock_of_a_listener_fails():
    radio, listener = Radio(), AsyncMock(side_effect=RuntimeError("no battery"))
    radio.listen("harbour", listener)
    await radio.call("harbour", "ahoy")


@loses(None)
def test_a_mock_of_a_listener_is_only_called():
    radio, listener = Radio(), AsyncMock()
    radio.listen("harbour", listener)
    radio.say("harbour", "ahoy")


async def test_a_mock_with_an_asynchronous_end():
    feed = MagicMock()
    async with feed:
        pass
    feed.__aexit__.assert_awaited_once()


@loses(FeedDown)
async def test_a_patched_feed_is_down():
    gauges = Gauges(north=1.5)
    with patch.object(gauges, "read", side_effect=FeedDown("patched")):
        tides = Tides(gauges.read)
        tides.warm("north")
        await turns()


async def test_an_autospec_is_awaited():
    gauges = create_autospec(Gauges, instance=True)
    gauges.read.return_value = 2.0
    assert await Tides(gauges.read).level("north") == 2.0


@loses(FeedDown, "Tides.watch")
async def test_time_flies(no_time):
    gauges = Gauges(north=1.5)
    task = asyncio.create_task(Tides(gauges.read).watch("north"))
    await turns(3)
    gauges.down.add("north")
    await turns(9)
    assert task.done()
    task.cancel()


async def test_time_flies_and_a_watch_is_asked(no_time):
    gauges = Gauges()
    gauges.down.add("north")
    with pytest.raises(FeedDown):
        await asyncio.wait_for(Tides(gauges.read).watch("north"), 5)


@loses(ManifestDamaged)
async def test_a_desk_reads_in_the_background():
    with Desk() as desk:
        await desk.read_in_background("wool=many")


@loses(ManifestDamaged, "read")
async def test_a_list_is_read_by_a_task_that_nobody_awaits():
    done = asyncio.Event()
    asyncio.ensure_future(read("wool=many")).add_done_callback(lambda task: done.set())
    await done.wait()


async def test_a_list_is_read_in_a_thread_and_awaited():
    loop = asyncio.get_running_loop()
    with pytest.raises(ManifestDamaged):
        await loop.run_in_executor(None, lambda: asyncio.run(read("wool=many")))


@loses(BerthTaken)
async def test_a_timer_breaks():
    Yard().lift_later("broken pipe", 0)
    await asyncio.sleep(0.005)


async def test_a_timer_that_is_cancelled_breaks_nothing():
    Yard().lift_later("broken pipe", 0.001).cancel()
    await asyncio.sleep(0.005)


@loses(FeedDown)
async def test_a_bare_future_is_kept_waiting():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(FeedDown("for nobody"))


async def test_a_bare_future_is_looked_at():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(FeedDown("for me"))
    assert isinstance(future.exception(), FeedDown)


@loses(FeedDown, "Tides.refresh")
async def test_only_the_first_completed_is_looked_at():
    gauges = Gauges(north=1.5)
    gauges.down.add("south")
    tides = Tides(gauges.read)
    tasks = [asyncio.create_task(tides.refresh(station)) for station in ("north", "south")]
    for first in asyncio.as_completed(tasks):
        assert await first == 1.5
        break
    await turns()


async def test_all_that_complete_are_looked_at():
    gauges = Gauges(north=1.5)
    gauges.down.add("south")
    outcomes = []
    for each in asyncio.as_completed([Tides(gauges.read).refresh(station) for station in ("north", "south")]):
        try:
            outcomes.append(await each)
        except FeedDown as error:
            outcomes.append(str(error))
    assert sorted(map(str, outcomes)) == ["1.5", "south does not answer"]


async def test_a_group_is_handled():
    caught = []
    try:
        await Yard().lift_in_group("broken pipe", "broken rope")
    except* BerthTaken as group:
        caught += group.exceptions
    assert len(caught) == 2


@loses(FeedDown, "Tides.readings")
async def test_readings_are_left_open():
    gauges = Gauges(north=1.5)
    async for _ in Tides(gauges.read).readings("north"):
        gauges.down.add("north")
        break
    gc.collect()
    await turns()


async def test_readings_are_left_open_and_end_well():
    async for _ in Tides(Gauges(north=1.5).read).readings("north"):
        break
    gc.collect()
    await turns()


@loses(None, "Tides.watch_stubbornly")
async def test_a_stubborn_watch_goes_on():
    task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch_stubbornly("north", asyncio.Event()))
    await turns()
    task.cancel()
    await turns()
    assert not task.done()


@leaves("Tides.watch")
async def test_a_watch_is_left_behind():
    asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
    await turns()


async def test_a_watch_is_suppressed():
    task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
    await turns()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_handler_of_the_loop_is_asked():
    handler = MagicMock()
    asyncio.get_running_loop().set_exception_handler(handler)
    gauges = Gauges()
    gauges.down.add("north")
    Tides(gauges.read).warm("north")
    await turns()
    gc.collect()
    handler.assert_called_once()


def test_a_plain_test_among_them():
    gc.collect()
