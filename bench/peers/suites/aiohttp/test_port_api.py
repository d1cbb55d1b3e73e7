"""pytest-aiohttp: handlers, background work of an application, its shutdown, websockets."""

import asyncio
import contextlib
import gc

import pytest
from aiohttp import web
from port.errors import FeedDown, RadioSilence
from port.radio import Radio, deaf
from port.tides import Gauges, Tides
from truth import loses

TIDES = web.AppKey("tides", Tides)
RADIO = web.AppKey("radio", Radio)


async def level(request):
    return web.json_response(await request.app[TIDES].level(request.match_info["station"]))


async def warm(request):
    request.app[TIDES].warm(request.match_info["station"])
    await asyncio.sleep(0)
    return web.Response(status=202)


async def expire(request):
    request.app[TIDES].expire()
    return web.Response()


async def call(request):
    return web.json_response(await request.app[RADIO].call("harbour", await request.text()))


async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        request.app[RADIO].shout("harbour", message.data)
        await socket.send_str("sent")
    return socket


def build(*down):
    gauges = Gauges(north=1.5, south=0.5)
    gauges.down.update(down)
    app = web.Application()
    app[TIDES], app[RADIO] = Tides(gauges.read), Radio()
    app[RADIO].listen("harbour", deaf)
    app.router.add_get("/levels/{station}", level)
    app.router.add_post("/levels/{station}", warm)
    app.router.add_delete("/levels", expire)
    app.router.add_post("/calls", call)
    app.router.add_get("/talk", talk)
    return app


@pytest.fixture
async def client(aiohttp_client):
    return await aiohttp_client(build("south"))


async def test_a_level(client):
    assert await (await client.get("/levels/north")).json() == 1.5


async def test_a_level_that_is_not_there_is_an_error_of_the_server(client):
    assert (await client.get("/levels/south")).status == 500


async def test_warming_what_answers(client):
    assert (await client.post("/levels/north")).status == 202


@loses(FeedDown, "Tides.refresh")
async def test_warming_what_does_not_answer(client):
    assert (await client.post("/levels/south")).status == 202


@loses(None, "Tides.refresh")
async def test_expiring(client):
    assert (await client.delete("/levels")).status == 200


@loses(RadioSilence, "deaf")
async def test_calling(client):
    assert await (await client.post("/calls", data="ahoy")).json() == 1


@loses(RadioSilence, "deaf")
async def test_talking(client):
    async with client.ws_connect("/talk") as socket:
        await socket.send_str("ahoy")
        assert await socket.receive_str() == "sent"


async def test_opening_a_talk_and_saying_nothing(client):
    await client.ws_connect("/talk")


async def test_many_at_once(client):
    replies = await asyncio.gather(*(client.get("/levels/north") for _ in range(10)))
    assert {reply.status for reply in replies} == {200}


async def watching(app):
    """A watch that is cancelled at the end, and asked how it was."""
    task = asyncio.create_task(app[TIDES].watch("south"))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, FeedDown):
        await task


async def watching_blindly(app):
    """A watch that is cancelled at the end."""
    task = asyncio.create_task(app[TIDES].watch("south"))
    yield
    task.cancel()


async def test_a_watch_that_is_asked(aiohttp_client):
    app = build("south")
    app.cleanup_ctx.append(watching)
    client = await aiohttp_client(app)
    assert (await client.get("/levels/north")).status == 200


@loses(FeedDown, "Tides.watch")
async def test_a_watch_that_is_not_asked(aiohttp_client):
    app = build("south")
    app.cleanup_ctx.append(watching_blindly)
    client = await aiohttp_client(app)
    assert (await client.get("/levels/north")).status == 200


async def test_a_watch_that_need_not_be_asked(aiohttp_client):
    app = build()
    app.cleanup_ctx.append(watching_blindly)
    client = await aiohttp_client(app)
    assert (await client.get("/levels/north")).status == 200


@loses(FeedDown, "Tides.refresh")
async def test_a_last_look_at_the_shutdown(aiohttp_client):
    async def last_look(app):
        await app[TIDES].warm_all("north", "south")

    app = build("south")
    app.on_shutdown.append(last_look)
    await aiohttp_client(app)


@loses(RadioSilence, "deaf")
async def test_a_middleware_that_shouts(aiohttp_client):
    @web.middleware
    async def shouting(request, handler):
        request.app[RADIO].shout("harbour", request.path)
        return await handler(request)

    app = build()
    app.middlewares.append(shouting)
    client = await aiohttp_client(app)
    assert (await client.get("/levels/north")).status == 200


@pytest.fixture
async def blind_server(aiohttp_server):
    app = build("south")
    app.cleanup_ctx.append(watching_blindly)
    return await aiohttp_server(app)


@loses(FeedDown, "Tides.watch")
async def test_a_server_of_a_fixture(blind_server):
    assert blind_server.port


def test_a_plain_test_among_them():
    gc.collect()
