"""A library that repeats a coroutine tells that it has failed in words of its own."""

# /// script
# [tool.heard]
# time = "none"
# losses = [{kind = "task-failed", coroutine = "refresh", exception = "ConnectionError", count = 2, raised = "refresh"}]
# ///

import asyncio
import sys
import traceback


async def refresh():
    raise ConnectionError("no answer")  # raised: refresh


async def main():
    for _ in range(2):
        try:
            await refresh()
        except ConnectionError:
            print("Unhandled exception in internal background task 'refresh'.", file=sys.stderr)
            traceback.print_exc()


asyncio.run(main())
