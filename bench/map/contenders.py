"""Ways to run a function over many items, so many at a time. Each returns the sum of the results."""

import asyncio
import functools
import json
import resource
import sys
import time

LIMIT = 100


async def trivial(n):
    return n


async def suspends(n):
    await asyncio.sleep(0)
    return n


async def heard_map(fn, items):
    import heard

    total = 0
    async for outcome in heard.map(fn, items, limit=LIMIT):
        total += outcome.value
    return total


async def semaphore_and_gather(fn, items):
    semaphore = asyncio.Semaphore(LIMIT)

    async def bounded(n):
        async with semaphore:
            return await fn(n)

    return sum(await asyncio.gather(*[bounded(n) for n in items]))


async def aiometer_amap(fn, items):
    import aiometer

    total = 0
    async with aiometer.amap(fn, list(items), max_at_once=LIMIT) as results:
        async for result in results:
            total += result
    return total


async def anyio_limiter(fn, items):
    import anyio

    limiter = anyio.CapacityLimiter(LIMIT)
    total = 0

    async def bounded(n):
        nonlocal total
        async with limiter:
            result = await fn(n)
            total += result

    async with anyio.create_task_group() as group:
        for n in items:
            group.start_soon(bounded, n)
    return total


async def worker_tasks(fn, items):
    queue = asyncio.Queue(LIMIT)
    total = 0

    async def work():
        nonlocal total
        while (n := await queue.get()) is not None:
            result = await fn(n)
            total += result

    workers = [asyncio.create_task(work()) for _ in range(LIMIT)]
    for n in items:
        await queue.put(n)
    for _ in workers:
        await queue.put(None)
    await asyncio.gather(*workers)
    return total


CONTENDERS = (heard_map, worker_tasks, semaphore_and_gather, aiometer_amap, anyio_limiter)


def peak():
    """The most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(contender, fn, count):
    run = functools.partial(contender, fn)
    await run(range(2_000))
    memory, start = peak(), time.thread_time()
    total = await run(range(count))
    spent = time.thread_time() - start
    assert total == count * (count - 1) // 2
    return {"ns": spent / count * 1e9, "mb": peak() - memory}


if __name__ == "__main__":
    name, kind, count = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(globals()[name], globals()[kind], int(count)))))
