"""A session, a connector and a response that nobody closes, beside what the shop loses."""

# /// script
# dependencies = ["aiohttp"]
#
# [tool.heard]
# warnings = "logged"
# also = [{kind = "unclosed", count = 2}]
# ///

import asyncio
import gc
import logging

import aiohttp
import shop
from aiohttp import web


async def answer(request):
    await shop.lose()
    return web.Response(text="done")


async def main():
    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    session = aiohttp.ClientSession()
    async with session.get(f"http://127.0.0.1:{port}/?q=Task") as response:
        await response.text()
    del session, response
    gc.collect()
    await runner.cleanup()


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s:%(name)s:%(message)s")
logging.captureWarnings(True)
asyncio.run(main())
