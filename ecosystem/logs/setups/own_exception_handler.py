"""The loop's exception handler prints the context that it is given."""

# /// script
# [tool.heard]
# time = "none"
# places = false
# ///

import asyncio

import shop


def told(loop, context):
    print(f"unhandled: {context}")


async def main():
    asyncio.get_running_loop().set_exception_handler(told)
    await shop.lose()


asyncio.run(main())
