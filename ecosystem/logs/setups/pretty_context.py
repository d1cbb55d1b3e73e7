"""The loop's exception handler pretty-prints its context."""

# /// script
# [tool.heard]
# time = "none"
# places = false
# ///

import asyncio
import pprint
import sys

import shop


def told(loop, context):
    print("not handled:", file=sys.stderr)
    pprint.pprint(context, stream=sys.stderr)


async def main():
    asyncio.get_running_loop().set_exception_handler(told)
    await shop.lose()


asyncio.run(main())
