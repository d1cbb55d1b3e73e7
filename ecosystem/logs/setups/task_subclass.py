"""A program's own class of tasks, with a repr of its own."""

# /// script
# [tool.heard]
# losses = [
#     {kind = "task-failed", coroutine = "poll", exception = "OSError", count = 2, raised = "poll"},
#     {kind = "task-failed", exception = "LookupError", raised = "on_ready"},
# ]
# ///

import asyncio
import gc
import logging


class PollTask(asyncio.Task):
    pass


class EventTask(asyncio.Task):
    def __repr__(self):
        return f"<EventTask state={self._state.lower()} event=on_ready>"


async def poll():
    raise OSError("no route")  # raised: poll


async def on_ready():
    raise LookupError("no such guild")  # raised: on_ready


async def main():
    loop = asyncio.get_running_loop()
    for kind, failing in ((PollTask, poll), (EventTask, on_ready), (PollTask, poll)):
        task = kind(failing(), loop=loop)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()


logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
asyncio.run(main())
