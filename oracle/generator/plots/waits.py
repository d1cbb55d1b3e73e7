"""What waits, loops and groups make of the failures of their tasks."""

from generator.plot import (
    Plot, all_heard, all_lost, earliest_heard, earliest_heard_others_cancelled, first_name_heard, in_order_heard,
)  # fmt: skip

_JOBS = "jobs = [asyncio.create_task(call) for call in ({calls})]§\n"

PLOTS = (
    Plot("wait, and each is read", _JOBS + '''
done, _ = await asyncio.wait(jobs)
for job in done:
    print("{noun}:", job.exception())
''', all_heard),
    Plot("wait", _JOBS + "await asyncio.wait(jobs)", all_lost),
    Plot("wait, and the number", _JOBS + '''
done, pending = await asyncio.wait(jobs)
print("{noun}:", len(done), "and", len(pending))
''', all_lost),
    Plot("wait, and the list is read", _JOBS + '''
await asyncio.wait(jobs)
print("{noun}:", [job.exception() for job in jobs])
''', all_heard),
    Plot("wait for the first failure, and the others are cancelled", _JOBS + '''
done, pending = await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
for job in pending:
    job.cancel()
for job in done:
    try:
        job.result()
    except {error} as error:
        print("{noun}:", error)
''', earliest_heard_others_cancelled, endless=True),
    Plot("wait for the first failure, and the others are left", _JOBS + '''
done, pending = await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
for job in done:
    print("{noun}:", job.exception())
''', earliest_heard, endless=True),
    Plot("wait for each in turn", _JOBS + '''
pending = set(jobs)
while pending:
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    for job in done:
        print("{noun}:", job.exception())
''', all_heard),
    Plot("as_completed, with a handler for each", '''
for earliest in asyncio.as_completed([{calls}]):§
    try:
        await earliest
    except {error} as error:
        print("{noun}:", error)
''', all_heard),
    Plot("as_completed, with a handler around", '''
try:
    for earliest in asyncio.as_completed([{calls}]):§
        await earliest
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
    Plot("a group", '''
try:
    async with asyncio.TaskGroup() as group:
        for call in ({calls}):
            group.create_task(call)§
except* {error} as errors:
    print("{noun}:", errors.exceptions)
''', earliest_heard_others_cancelled, endless=True),
    Plot("a group that keeps its tasks", '''
jobs = []
try:
    async with asyncio.TaskGroup() as group:
        jobs += [group.create_task(call) for call in ({calls})]§
except* {error} as errors:
    print("{noun}:", errors.exceptions)
print("{noun}:", [job.cancelled() for job in jobs])
''', earliest_heard_others_cancelled, endless=True),
    Plot("one await after the other", _JOBS + '''
try:
    for job in jobs:
        await job
except {error} as error:
    print("{noun}:", error)
''', in_order_heard),
    Plot("one await after the other, with a handler for each", _JOBS + '''
for job in jobs:
    try:
        await job
    except {error} as error:
        print("{noun}:", error)
''', all_heard),
    Plot("the first only", _JOBS + '''
try:
    await jobs[0]
except {error} as error:
    print("{noun}:", error)
''', first_name_heard),
    Plot("a registry with discard", '''
for call in ({calls}):
    job = asyncio.create_task(call)§
    {noun}_running.add(job)
    job.add_done_callback({noun}_running.discard)
''', all_lost, endless=True, module="{noun}_running = set()"),
    Plot("a registry with discard that is awaited", '''
for call in ({calls}):
    job = asyncio.create_task(call)§
    {noun}_running.add(job)
    job.add_done_callback({noun}_running.discard)
while {noun}_running:
    await asyncio.wait({noun}_running)
''', all_lost, module="{noun}_running = set()"),
    Plot("a registry whose callback reads", '''
for call in ({calls}):
    job = asyncio.create_task(call)§
    {noun}_running.add(job)
    job.add_done_callback(end_{noun})
''', all_heard, endless=True, module='''
{noun}_running = set()


def end_{noun}(job) -> None:
    {noun}_running.discard(job)
    if not job.cancelled() and job.exception() is not None:
        print("{noun}:", job.exception())
'''),
    Plot("a variable that is used again", '''
for call in ({calls}):
    job = asyncio.create_task(call)§
    await asyncio.sleep(0)
''', all_lost, endless=True),
    Plot("a dictionary whose key is used again", '''
for call in ({calls}):
    {noun}_jobs["now"] = asyncio.create_task(call)§
    await let_run()
''', all_lost, endless=True, module="{noun}_jobs = collections.defaultdict(list)"),
    Plot("a consumer of a queue of tasks", '''
jobs = asyncio.Queue()
for call in ({calls}):
    jobs.put_nowait(asyncio.create_task(call))§
while not jobs.empty():
    job = await jobs.get()
    try:
        await job
    except {error} as error:
        print("{noun}:", error)
''', all_heard),
    Plot("an async generator of outcomes", '''
async for outcome in outcomes_of_{noun}([{calls}]):
    print("{noun}:", repr(outcome))
''', all_heard, module='''
async def outcomes_of_{noun}(calls):
    jobs = [asyncio.create_task(call) for call in calls]§
    for job in jobs:
        try:
            yield await job
        except {error} as error:
            yield error
'''),
    Plot("an async generator that is left early", '''
async for outcome in outcomes_of_{noun}([{calls}]):
    print("{noun}:", repr(outcome))
    break
''', first_name_heard, module='''
async def outcomes_of_{noun}(calls):
    jobs = [asyncio.create_task(call) for call in calls]§
    for job in jobs:
        try:
            yield await job
        except {error} as error:
            yield error
'''),
)  # fmt: skip
