"""anyio's own plugin, on asyncio."""

import asyncio
import gc
from contextlib import suppress

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from port.cranes import Yard, careful
from port.errors import BerthTaken, FeedDown, ManifestDamaged, RadioSilence
from port.manifests import parse
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from steps import without
from truth import leaves, loses

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


async def turns(number=6):
    for _ in range(number):
        await anyio.sleep(0)


@pytest.fixture
async def watched():
    """A feed in a group that ends with the test."""
    gauges = Gauges(north=1.5)
    async with anyio.create_task_group() as group:
        group.start_soon(Tides(gauges.read).watch, "north")
        yield gauges
        group.cancel_scope.cancel()


@pytest.fixture
async def dropped():
    without("north").warm("north")
    await turns()


@pytest.fixture
async def dropped_at_the_end():
    yield
    without("north").warm("north")
    await turns()


@pytest.fixture(scope="module")
async def of_the_module():
    without("north").warm("north")
    await turns()


async def test_a_group_watches(watched):
    await turns()
    assert "north" in watched.asked


@loses(FeedDown, "Tides.refresh")
async def test_the_feed_of_a_fixture_is_down(dropped):
    await turns()


@loses(FeedDown, "Tides.refresh")
async def test_the_feed_is_down_at_the_end(dropped_at_the_end):
    await turns()


@loses(FeedDown, "Tides.refresh")
async def test_the_feed_of_the_module_is_down(of_the_module):
    await turns()


async def test_the_feed_of_the_module_was_down(of_the_module):
    await turns()
    gc.collect()


@loses(FeedDown, "Tides.refresh")
async def test_nobody_waits():
    without("north").warm("north")


@loses(None, "Tides.refresh")
async def test_nobody_awaits():
    without("north").expire()


@loses(FeedDown, "Tides.refresh")
async def test_nobody_looks():
    await without("north", south=0.5).warm_all("north", "south")


async def test_a_group_raises():
    with pytest.raises(ExceptionGroup):
        async with anyio.create_task_group() as group:
            group.start_soon(without("north").refresh, "north")


async def test_a_group_is_cancelled():
    async with anyio.create_task_group() as group:
        group.start_soon(Tides(Gauges(north=1.5).read).watch, "north")
        await turns()
        group.cancel_scope.cancel()


async def test_a_limit_is_kept():
    with anyio.move_on_after(0.002) as scope:
        await Tides(Gauges(north=1.5).read).watch("north")
    assert scope.cancelled_caught


async def test_a_limit_is_an_error():
    with pytest.raises(TimeoutError), anyio.fail_after(0.002):
        await anyio.sleep(60)


async def test_a_shield_holds():
    done = []
    with anyio.move_on_after(0.001):
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.005)
            done.append(True)
        await anyio.sleep(60)
    assert done == [True]


@loses(ManifestDamaged, "test_a_thread_is_not_waited_for.<locals>.work")
async def test_a_thread_is_not_waited_for():
    done = anyio.Event()

    async def work():
        try:
            await anyio.to_thread.run_sync(parse, "wool=many")
        finally:
            done.set()

    asyncio.ensure_future(work())
    await done.wait()
    await turns()


async def test_a_thread_is_waited_for():
    with pytest.raises(ManifestDamaged):
        await anyio.to_thread.run_sync(parse, "wool=many")


async def test_a_thread_calls_back():
    with pytest.raises(RadioSilence):
        await anyio.to_thread.run_sync(anyio.from_thread.run, deaf, "ahoy")


@loses(BerthTaken, "careful")
def test_a_portal_is_told_to_start():
    with suppress(BaseException), anyio.from_thread.start_blocking_portal() as portal:
        portal.start_task_soon(careful, "broken pipe")


def test_a_portal_is_asked():
    with anyio.from_thread.start_blocking_portal() as portal:
        assert isinstance(portal.start_task_soon(careful, "broken pipe").exception(), BerthTaken)


@loses(BerthTaken)
async def test_a_timer_breaks():
    Yard().lift_later("broken pipe", 0)
    await anyio.sleep(0.005)


async def test_a_stream_passes_loads():
    sender, receiver = anyio.create_memory_object_stream(2)
    async with sender, receiver, anyio.create_task_group() as group:
        group.start_soon(sender.send, "wood")
        assert await receiver.receive() == "wood"


@leaves("Tides.watch")
async def test_a_watch_is_left_behind():
    test_a_watch_is_left_behind.task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch("north"))
    await turns()


@loses(None, "Tides.watch_stubbornly")
async def test_a_stubborn_watch_goes_on():
    task = asyncio.create_task(Tides(Gauges(north=1.5).read).watch_stubbornly("north", asyncio.Event()))
    await turns()
    task.cancel()
    await turns()
    assert not task.done()


async def test_start_tells_that_it_is_ready():
    async def serve(*, task_status):
        task_status.started(21)
        await anyio.sleep(60)

    async with anyio.create_task_group() as group:
        assert await group.start(serve) == 21
        group.cancel_scope.cancel()


@loses(RadioSilence, "deaf")
@pytest.mark.parametrize("number", [1, 3])
async def test_listeners_are_shouted_at(number):
    radio = Radio()
    for _ in range(number):
        radio.listen("harbour", deaf)
    radio.shout("harbour", "ahoy")
    await turns()


@pytest.mark.parametrize("number", [0, 2])
async def test_listeners_hear(number):
    radio = Radio()
    for _ in range(number):
        radio.listen("harbour", careful)
    radio.shout("harbour", "ahoy")
    await turns()


def test_a_plain_test_among_them():
    gc.collect()
