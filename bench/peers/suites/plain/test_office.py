"""`asyncio.run` in plain tests."""

import asyncio
import contextlib
import gc
import threading

import pytest
from port.cranes import Yard, careful
from port.errors import BerthTaken, FeedDown, HarbourError, ManifestDamaged, RadioSilence
from port.manifests import Desk, Office, parse, read, send, send_and_archive, send_to_all
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from steps import turns
from truth import leaves, loses


class Clock:
    """Time that stands still until it is told to go."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def stale(station, *down):
    """A cache whose only level is old, and the feed behind it."""
    gauges, clock = Gauges(north=1.5, south=0.5), Clock()
    tides = Tides(gauges.read, clock=clock)
    asyncio.run(tides.refresh(station))
    clock.now = 3600
    gauges.down.update(down)
    return tides, gauges


# Caches


def test_an_old_level_is_served_and_fetched_anew():
    tides, gauges = stale("north")

    async def ask():
        level = await tides.level("north")
        await turns()
        return level

    assert asyncio.run(ask()) == 1.5
    assert gauges.asked == ["north", "north"]


@loses(FeedDown, "Tides.refresh")
def test_an_old_level_is_served_while_the_feed_is_down():
    tides, _ = stale("north", "north")

    async def ask():
        level = await tides.level("north")
        await turns()
        return level

    assert asyncio.run(ask()) == 1.5


@loses(FeedDown, "Tides.refresh")
def test_the_loop_is_over_before_the_feed_fails():
    # The task ends as `asyncio.run` cancels what is left: the feed turns the cancellation into its own failure.
    class Feed(Gauges):
        async def read(self, station):
            try:
                return await super().read(station)
            except asyncio.CancelledError:
                raise FeedDown(station) from None

    gauges, clock = Feed(north=1.5), Clock()
    tides = Tides(gauges.read, clock=clock)

    async def ask():
        await tides.refresh("north")
        clock.now = 3600
        return await tides.level("north")

    assert asyncio.run(ask()) == 1.5


@pytest.mark.parametrize(
    "station",
    ["north", pytest.param("south", marks=loses(FeedDown, "Tides.refresh"))],
)
def test_stations_are_warmed(station):
    gauges = Gauges(north=1.5, south=0.5)
    gauges.down.add("south")
    tides = Tides(gauges.read)

    async def warm():
        tides.warm(station)
        await turns()
        return set(tides.refreshing)

    assert asyncio.run(warm()) == set()


def test_who_warms_may_ask_how_it_was():
    gauges = Gauges()
    gauges.down.add("north")
    tides = Tides(gauges.read)

    async def warm():
        tides.warm("north")
        await tides.settled()

    with pytest.raises(FeedDown):
        asyncio.run(warm())


def test_failures_are_noted_where_there_is_a_place_for_them():
    gauges = Gauges()
    gauges.down.add("north")
    tides = Tides(gauges.read)

    async def warm():
        tides.warm_watched("north")
        await turns()

    asyncio.run(warm())
    assert [str(error) for error in tides.errors] == ["north does not answer"]


@loses(FeedDown, "Tides.refresh")
def test_what_answers_is_warm():
    gauges = Gauges(north=1.5)
    gauges.down.add("south")
    tides = Tides(gauges.read)

    async def warm():
        await tides.warm_all("north", "south")
        return await tides.level("north")

    assert asyncio.run(warm()) == 1.5


@loses(None, "Tides.refresh")
def test_everything_expires():
    tides, gauges = stale("north")
    tides.expire()
    assert gauges.asked == ["north"]


def test_everything_that_expires_is_warned_of():
    tides, _ = stale("north")
    with pytest.warns(RuntimeWarning, match="never awaited"):
        tides.expire()
        gc.collect()


@loses(FeedDown, "Tides.refresh")
def test_the_second_failure_of_a_gather_comes_after_the_first():
    class Feed(Gauges):
        async def read(self, station):
            await turns(1 if station == "north" else 4)
            raise FeedDown(station)

    tides = Tides(Feed().read)

    async def ask():
        with pytest.raises(FeedDown, match="north"):
            await tides.lowest("north", "south")
        await turns()

    asyncio.run(ask())


def test_the_only_failure_of_a_gather_is_raised():
    gauges = Gauges(north=1.5)
    gauges.down.add("south")
    with pytest.raises(FeedDown):
        asyncio.run(Tides(gauges.read).lowest("north", "south"))


# Refreshers


def test_a_watch_that_is_cancelled_is_over():
    tides = Tides(Gauges(north=1.5).read)

    async def watch():
        task = asyncio.create_task(tides.watch("north"))
        await turns()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(watch())


def test_a_watch_whose_cancellation_nobody_awaits_is_over_too():
    tides = Tides(Gauges(north=1.5).read)

    async def watch():
        task = asyncio.create_task(tides.watch("north"))
        await turns()
        task.cancel()

    asyncio.run(watch())


@loses(FeedDown, "Tides.watch")
def test_a_watch_ends_with_its_feed():
    # The cancellation comes to a task that has failed long ago, and does nothing.
    gauges = Gauges(north=1.5)

    async def pause(seconds):
        gauges.down.add("north")

    async def watch():
        task = asyncio.create_task(Tides(gauges.read).watch("north", pause))
        await turns(10)
        task.cancel()

    asyncio.run(watch())


@loses(None, "Tides.watch_stubbornly")
def test_a_stubborn_watch_is_given_up():
    tides = Tides(Gauges(north=1.5).read)

    async def watch():
        task = asyncio.create_task(tides.watch_stubbornly("north", asyncio.Event()))
        await turns()
        task.cancel()
        await turns()
        assert not task.done()

    asyncio.run(watch())


def test_a_stubborn_watch_is_waited_for():
    tides = Tides(Gauges(north=1.5).read)

    async def watch():
        stop = asyncio.Event()
        task = asyncio.create_task(tides.watch_stubbornly("north", stop))
        await turns()
        stop.set()
        await task

    asyncio.run(watch())


@leaves("Tides.watch")
def test_a_watch_is_left_behind():
    tides = Tides(Gauges(north=1.5).read)

    async def watch():
        asyncio.create_task(tides.watch("north"))
        await turns()

    asyncio.run(watch())


# Queues


def test_loads_are_lifted():
    async def lift():
        yard = Yard()
        yard.open()
        await yard.lift_all("wood", "wool")
        await yard.close()
        return sorted(yard.lifted)

    assert asyncio.run(lift()) == ["wood", "wool"]


@loses(BerthTaken, "Yard.work")
def test_a_bad_load_breaks_a_crane():
    async def lift():
        yard = Yard()
        yard.open()
        await yard.lift_all("broken pipe", "wood")
        await yard.close()
        return yard.lifted

    assert asyncio.run(lift()) == ["wood"]


def test_who_closes_may_ask_what_broke():
    async def lift():
        yard = Yard()
        yard.open()
        await yard.lift_all("broken pipe", "wood")
        with pytest.raises(BerthTaken):
            await yard.close_and_ask()

    asyncio.run(lift())


def test_a_group_raises():
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(Yard().lift_in_group("wood", "broken pipe"))
    assert caught.group_contains(BerthTaken)


@loses(BerthTaken)
def test_a_timer_counts_what_is_lifted():
    yard = Yard()

    async def lift():
        yard.lift_later("wood", 0)
        yard.lift_later("broken pipe", 0)
        await asyncio.sleep(0.002)

    asyncio.run(lift())
    assert yard.lifted == ["wood"]


def test_a_timer_that_breaks_is_told_to_the_handler():
    seen = []

    async def lift():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context["exception"]))
        Yard().lift_later("broken pipe", 0)
        await asyncio.sleep(0.002)

    asyncio.run(lift())
    assert isinstance(seen[0], BerthTaken)


# Radio


@loses(RadioSilence, "deaf")
def test_all_are_called():
    radio = Radio()
    radio.listen("harbour", deaf)
    assert asyncio.run(radio.call("harbour", "ahoy")) == 1


def test_who_did_not_understand_is_logged(caplog):
    radio = Radio()
    radio.listen("harbour", deaf)
    assert asyncio.run(radio.call_and_log("harbour", "ahoy")) == 0
    assert "not understood: ahoy" in caplog.text


@loses(RadioSilence, "deaf")
def test_shouting_does_not_wait():
    radio = Radio()
    radio.listen("harbour", deaf)

    async def shout():
        radio.shout("harbour", "ahoy")
        await turns()

    asyncio.run(shout())


def test_what_asyncio_says_of_a_shout_is_looked_at(caplog):
    radio = Radio()
    radio.listen("harbour", deaf)

    async def shout():
        radio.shout("harbour", "ahoy")
        await turns()
        gc.collect()

    asyncio.run(shout())
    [record] = [record for record in caplog.records if record.name == "asyncio"]
    assert isinstance(record.exc_info[1], RadioSilence)


@loses(KeyError)
def test_a_channel_that_nobody_counts():
    radio = Radio()
    radio.listen("pilots", careful)

    async def shout():
        radio.shout_and_count("pilots", "ahoy")
        await turns()

    asyncio.run(shout())
    assert radio.counts == {"harbour": 0}


@loses(None, "careful")
def test_saying_is_not_calling():
    radio = Radio()
    radio.listen("harbour", careful)
    radio.say("harbour", "ahoy")


@loses(RadioSilence, "Radio._answer")
def test_a_late_answer_is_no_answer():
    async def call():
        answer = await Radio().mayday(0.001)
        await asyncio.sleep(0.01)
        return answer

    assert asyncio.run(call()) == "no answer"


def test_an_answer_in_time_is_raised():
    class Quick(Radio):
        async def _answer(self, free):
            raise RadioSilence("out of range")

    with pytest.raises(RadioSilence, match="out of range"):
        asyncio.run(Quick().mayday(1))


# Threads


@loses(ManifestDamaged)
def test_lists_are_put_on_the_pile():
    with Desk() as desk:
        desk.put("wool=many")


def test_lists_are_read():
    with Desk() as desk:
        assert desk.read("wool=3").result() == {"wool": 3}
        with pytest.raises(ManifestDamaged):
            desk.read("wool=many").result()


@loses(ManifestDamaged)
def test_lists_are_read_in_the_background():
    with Desk() as desk:
        asyncio.run(desk.read_in_background("wool=many"))


@loses(ManifestDamaged, "read")
def test_reading_is_not_waited_for():
    async def start():
        tasks = {asyncio.create_task(read("wool=many"))}
        await asyncio.wait(tasks)

    asyncio.run(start())


def test_damage_is_found_in_a_thread():
    with pytest.raises(ManifestDamaged):
        asyncio.run(read("wool=many"))


@loses(FeedDown, "Tides.refresh")
def test_a_loop_in_a_thread_loses_too():
    gauges = Gauges()
    gauges.down.add("north")

    async def warm():
        Tides(gauges.read).warm("north")
        await turns()

    thread = threading.Thread(target=asyncio.run, args=(warm(),))
    thread.start()
    thread.join()


# Retries


def test_a_list_is_sent_again():
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    office = Office(failures=2)
    assert asyncio.run(send(office, "wool=3", pause=pause)) == "receipt 1"
    assert pauses == [0.001, 0.002]


def test_the_last_failure_is_raised(monkeypatch):
    async def no_sleep(seconds):
        pass

    monkeypatch.setattr("asyncio.sleep", no_sleep)
    with pytest.raises(FeedDown):
        asyncio.run(send(Office(failures=3), "wool=3"))


@loses(FeedDown, "send")
def test_whoever_is_first_has_it():
    async def first():
        slow = Office(failures=1)
        take = slow.take

        async def late(text):
            await turns(3)
            return await take(text)

        slow.take = late
        receipt = await send_to_all([Office(), slow], "wool=3")
        await turns()
        return receipt

    assert asyncio.run(first()) == "receipt 1"


@loses(HarbourError, "test_the_archive_has_its_own_time.<locals>.archive")
def test_the_archive_has_its_own_time():
    async def archive(text):
        raise HarbourError("the archive is full")

    async def hand_in():
        receipt = await send_and_archive(Office(), "wool=3", archive)
        await turns()
        return receipt

    assert asyncio.run(hand_in()) == "receipt 1"


def test_parsing_needs_no_loop():
    assert parse("wool=3\nwood=4") == {"wool": 3, "wood": 4}


# Generators


@loses(FeedDown)
def test_one_reading_is_enough():
    # The end of the loop closes the generator, whose end asks the feed once more.
    gauges = Gauges(north=1.5)
    readings = Tides(gauges.read).readings("north")

    async def first():
        level = await anext(readings)
        gauges.down.add("north")
        return level

    assert asyncio.run(first()) == 1.5


def test_readings_are_closed():
    gauges = Gauges(north=1.5)

    async def first():
        async with contextlib.aclosing(Tides(gauges.read).readings("north")) as readings:
            async for level in readings:
                return level

    assert asyncio.run(first()) == 1.5


def test_the_end_of_readings_may_fail_where_it_is_seen():
    gauges = Gauges(north=1.5)

    async def first():
        readings = Tides(gauges.read).readings("north")
        await anext(readings)
        gauges.down.add("north")
        with pytest.raises(FeedDown):
            await readings.aclose()

    asyncio.run(first())
