"""What a gather makes of the failures of its children."""

from generator.plot import Plot, all_heard, all_lost, earliest_heard, first_name_heard

PLOTS = (
    Plot("gather", '''
try:
    await asyncio.gather({calls})§
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
    Plot("gather of tasks in a list", '''
jobs = [asyncio.create_task(call) for call in ({calls})]§
try:
    await asyncio.gather(*jobs)
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
    Plot("gather, and the others go on to their end", '''
try:
    await asyncio.gather({calls})§
except {error} as error:
    print("{noun}:", error)
await let_run()
''', earliest_heard, endless=True),
    Plot("gather of tasks, and then each is read", '''
jobs = [asyncio.create_task(call) for call in ({calls})]§
try:
    await asyncio.gather(*jobs)
except {error}:
    await let_run()
    for job in jobs:
        print("{noun}:", job.exception())
''', all_heard),
    Plot("gather of tasks, and the clean-up gathers again and looks", '''
jobs = [asyncio.create_task(call) for call in ({calls})]§
try:
    await asyncio.gather(*jobs)
except {error}:
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        print("{noun}:", repr(outcome))
''', all_heard),
    Plot("gather of tasks, and the clean-up gathers again and drops", '''
jobs = [asyncio.create_task(call) for call in ({calls})]§
try:
    await asyncio.gather(*jobs)
except {error} as error:
    print("{noun}:", error)
finally:
    await asyncio.gather(*jobs, return_exceptions=True)
''', earliest_heard),
    Plot("gather of tasks with callbacks that read", '''
jobs = [asyncio.create_task(call) for call in ({calls})]§
for job in jobs:
    job.add_done_callback(tell_{noun})
try:
    await asyncio.gather(*jobs)
except {error} as error:
    print("{noun}:", error)
''', all_heard, module='''
def tell_{noun}(job) -> None:
    if not job.cancelled() and job.exception() is not None:
        print("{noun}: told of", job.exception())
'''),
    Plot("gather of exceptions that are dropped", '''
await asyncio.gather({calls}, return_exceptions=True)§
''', all_lost),
    Plot("gather of exceptions under a name that is not read", '''
outcomes = await asyncio.gather({calls}, return_exceptions=True)§
print("{noun}: over")
''', all_lost),
    Plot("gather of exceptions under an underscore", '''
_ = await asyncio.gather({calls}, return_exceptions=True)§
await asyncio.sleep(0)
''', all_lost),
    Plot("gather of exceptions that are tested", '''
for outcome in await asyncio.gather({calls}, return_exceptions=True):§
    if isinstance(outcome, BaseException):
        print("{noun}:", outcome)
''', all_heard),
    Plot("gather of exceptions that are sorted out", '''
outcomes = await asyncio.gather({calls}, return_exceptions=True)§
troubles = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
print("{noun}:", troubles)
''', all_heard),
    Plot("gather of exceptions that another function is given", '''
report_{noun}(await asyncio.gather({calls}, return_exceptions=True))§
''', all_heard, module='''
def report_{noun}(outcomes) -> None:
    for number, outcome in enumerate(outcomes):
        match outcome:
            case BaseException():
                print("{noun}:", number, outcome)
'''),
    Plot("gather of exceptions that are returned and tested", '''
for outcome in await collect_{noun}():
    if isinstance(outcome, BaseException):
        print("{noun}:", outcome)
''', all_heard, module='''
async def collect_{noun}():
    return await asyncio.gather({calls}, return_exceptions=True)§
'''),
    Plot("gather of exceptions that are returned and dropped", '''
await collect_{noun}()
''', all_lost, module='''
async def collect_{noun}():
    return await asyncio.gather({calls}, return_exceptions=True)§
'''),
    Plot("gather of exceptions in a wait_for", '''
await asyncio.wait_for(asyncio.gather({calls}, return_exceptions=True), 60)§
''', all_lost),
    Plot("gather of exceptions of which one is looked at", '''
outcomes = await asyncio.gather({calls}, return_exceptions=True)§
print("{noun}:", outcomes[0])
''', first_name_heard),
    Plot("gather of exceptions that is counted", '''
outcomes = await asyncio.gather({calls}, return_exceptions=True)§
print("{noun}:", len(outcomes))
''', all_lost),
    Plot("gather of exceptions that comes too late", '''
try:
    async with asyncio.timeout(None) as limit:
        await asyncio.gather({calls}, outlast_{noun}(limit), return_exceptions=True)§
except TimeoutError:
    print("{noun}: too slow")
''', all_lost, module='''
async def outlast_{noun}(limit) -> None:
    await let_run()
    limit.reschedule(0)
    await asyncio.sleep(3600)
'''),
    Plot("gather in a gather", '''
try:
    await asyncio.gather(asyncio.gather({calls}), asyncio.sleep(0))§
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
    Plot("gather that is kept and awaited later", '''
gathering = asyncio.gather({calls})§
await let_run()
try:
    await gathering
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
    Plot("gather that nobody awaits", '''
gathering = asyncio.gather({calls})§
await let_run()
''', all_lost, endless=True),
    Plot("gather behind a shield", '''
try:
    await asyncio.shield(asyncio.gather({calls}))§
except {error} as error:
    print("{noun}:", error)
''', earliest_heard, endless=True),
)  # fmt: skip
