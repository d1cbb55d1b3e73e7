"""The same scene in each way to run things beside each other."""

import asyncio

CONTENDERS = {}
BOUNDS = {}


def contender(function):
    CONTENDERS[function.__name__] = function
    return function


def bound(function):
    """How the contender with that name runs many at a time."""
    BOUNDS[function.__name__.removesuffix("_bound")] = function
    return function


@contender
async def heard_spawn(scene):
    import heard

    for name, work in scene.works():
        heard.spawn(work(), name=name)
    await scene.body()
    await heard.drain()


@contender
async def heard_group(scene):
    import heard

    async with heard.Group() as group:
        for name, work in scene.works():
            group.create_task(work(), name=name)
        await scene.body()


@bound
async def heard_group_bound(works, limit):
    import heard

    async with heard.Group(limit=limit) as group:
        for work in works:
            group.create_task(work())


@contender
async def heard_outcomes(scene):
    import heard

    works = [(name, asyncio.ensure_future(work())) for name, work in scene.works()]
    for _, task in works:
        task.set_name(_)
    await scene.body()
    for outcome in await heard.outcomes([task for _, task in works]):
        if outcome.error is not None:
            scene.hears(outcome.error, f"{outcome.name} {outcome.born}")


@bound
async def heard_outcomes_bound(works, limit):
    import heard

    await heard.outcomes([work() for work in works], limit=limit)


@contender
async def heard_map(scene):
    import heard

    async def run(named):
        return await named[1]()

    body = asyncio.create_task(scene.body())
    async for outcome in heard.map(run, scene.works(), limit=3):
        if outcome.error is not None:
            scene.hears(outcome.error, f"{outcome.input[0]} {outcome.born}")
    await body


@bound
async def heard_map_bound(works, limit):
    import heard

    async for _ in heard.map(lambda work: work(), works, limit=limit):
        pass


@contender
async def task_group(scene):
    async with asyncio.TaskGroup() as group:
        for name, work in scene.works():
            group.create_task(work(), name=name)
        await scene.body()


@contender
async def gather(scene):
    gathered = asyncio.gather(*[work() for _, work in scene.works()])
    await scene.body()
    await gathered


@contender
async def gather_exceptions(scene):
    gathered = asyncio.gather(*[work() for _, work in scene.works()], return_exceptions=True)
    await scene.body()
    for result in await gathered:
        if isinstance(result, Exception):
            scene.hears(result, "")


@contender
async def anyio_group(scene):
    import anyio

    async with anyio.create_task_group() as group:
        for name, work in scene.works():
            group.start_soon(work, name=name)
        await scene.body()


@contender
async def quattro_group(scene):
    import quattro

    async with quattro.TaskGroup() as group:
        for name, work in scene.works():
            group.create_task(work(), name=name)
        await scene.body()


@contender
async def aiojobs_scheduler(scene):
    import aiojobs

    async with aiojobs.Scheduler() as scheduler:
        for name, work in scene.works():
            await scheduler.spawn(work(), name=name)
        await scene.body()


@bound
async def aiojobs_scheduler_bound(works, limit):
    import aiojobs

    async with aiojobs.Scheduler(limit=limit, pending_limit=0) as scheduler:
        for work in works:
            await scheduler.spawn(work())
        await scheduler.wait_and_close()


@contender
async def aiotools_scope(scene):
    import aiotools

    async with aiotools.TaskScope() as group:
        for name, work in scene.works():
            group.create_task(work(), name=name)
        await scene.body()


@contender
async def aiometer_run_all(scene):
    import aiometer

    body = asyncio.create_task(scene.body())
    try:
        await aiometer.run_all([work for _, work in scene.works()])
    finally:
        await body


@bound
async def aiometer_run_all_bound(works, limit):
    import aiometer

    await aiometer.run_all(works, max_at_once=limit)


@contender
async def trio_nursery(scene):
    import trio

    async with trio.open_nursery() as nursery:
        for name, work in scene.works():
            nursery.start_soon(work, name=name)
        await scene.body()
