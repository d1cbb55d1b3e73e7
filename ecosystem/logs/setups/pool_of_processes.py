"""A pool of processes brings the traceback of its worker as the cause."""

# /// script
# [tool.heard]
# losses = [{kind = "task-failed", coroutine = "ask", exception = "ValueError", raised = "ask"}]
# ///

import asyncio
import concurrent.futures
import gc
import logging
import multiprocessing


def weigh(number):
    raise ValueError(f"no scale for {number}")


async def ask(pool):
    await asyncio.get_running_loop().run_in_executor(pool, weigh, 3)  # raised: ask


async def main():
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        task = asyncio.create_task(ask(pool))
        await asyncio.wait([task])
        del task
        gc.collect()


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main())
