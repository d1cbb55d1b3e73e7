"""The loop's exception handler logs the message with the exception of the context."""

# /// script
# [tool.heard]
# names = false
# ///

import asyncio
import logging

import shop

log = logging.getLogger("shop.loop")


def told(loop, context):
    log.error("Unhandled exception in event loop: %s", context["message"], exc_info=context.get("exception"))


async def main():
    asyncio.get_running_loop().set_exception_handler(told)
    await shop.lose()


logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)-8s %(name)s - %(message)s")
asyncio.run(main())
