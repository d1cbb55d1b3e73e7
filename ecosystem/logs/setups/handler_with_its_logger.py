"""The loop's exception handler logs the message, and the repr in brackets behind it."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop


def told(loop, context):
    where = context.get("future") or context.get("task") or context.get("handle")
    log = logging.getLogger("asyncio.unhandled")
    log.error("%s (%r)", context["message"], where, exc_info=context.get("exception"))


async def main():
    asyncio.get_running_loop().set_exception_handler(told)
    await shop.lose()


logging.basicConfig(level="INFO", format="%(asctime)s [T:%(threadName)s] %(levelname)s:%(name)s: %(message)s")
logging.captureWarnings(True)
asyncio.run(main())
