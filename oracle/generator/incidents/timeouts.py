"""Time limits, shields and cancellations that meet a failure."""

from generator.parts import Incident
from generator.piece import HEARD, LOST, QUIET

_ON_CANCEL = """
async def {work}() -> None:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        raise {leaf}("{message}") from None
"""
_GATED = """
{noun}_ready = asyncio.Event()


async def {work}() -> None:
    await {noun}_ready.wait()
    raise {leaf}("{message}")
"""

INCIDENTS = (
    Incident("a shield that outlives a time limit", '''
try:
    await asyncio.wait_for(asyncio.shield({work}()), 0.01)§
except TimeoutError:
    print("{noun}: too slow")
{noun}_ready.set()
await let_run()
''', LOST, _GATED),
    Incident("a shielded task that is read after a time limit", '''
job = asyncio.create_task({work}())§
try:
    await asyncio.wait_for(asyncio.shield(job), 0.01)
except TimeoutError:
    {noun}_ready.set()
try:
    await job
except {leaf} as error:
    print("{noun}:", error)
''', HEARD, _GATED),
    Incident("a shielded task whose waiter is cancelled", '''
job = asyncio.create_task({work}())§
waiter = asyncio.ensure_future(asyncio.shield(job))
await let_run()
waiter.cancel()
{noun}_ready.set()
await let_run()
print("{noun}:", job.done())
''', LOST, _GATED),
    Incident("work that fails when its time is over", '''
job = asyncio.create_task({work}())§
await let_run()
try:
    async with asyncio.timeout(0.01):
        await job
except {leaf} as error:
    print("{noun}:", error)
''', HEARD, _ON_CANCEL),
    Incident("work that fails when its time is over, in a wait_for", '''
job = asyncio.create_task({work}())§
await let_run()
try:
    await asyncio.wait_for(job, 0.01)
except {leaf} as error:
    print("{noun}:", error)
''', HEARD, _ON_CANCEL),
    Incident("a sibling that fails when its group is cancelled", '''
try:
    async with asyncio.TaskGroup() as group:
        group.create_task({work}())§
        await let_run()
        raise IndexError("{noun}: closed")
except* (IndexError, {leaf}) as errors:
    print("{noun}:", errors.exceptions)
''', HEARD, _ON_CANCEL),
    Incident("work that fails when main has ended", '''
job = asyncio.create_task({work}())§
await let_run()
''', LOST, _ON_CANCEL, needs_run=True),
    Incident("a wait with a time limit, and the failure comes later", '''
job = asyncio.create_task({work}())§
await asyncio.wait([job], timeout=0.01)
{noun}_ready.set()
await let_run()
''', LOST, _GATED),
    Incident("a loop of time limits", '''
jobs = asyncio.Queue()
for _ in range(3):
    try:
        await asyncio.wait_for(jobs.get(), 0.005)
    except TimeoutError:
        print("{noun}: nothing yet")
for _ in range(3):
    try:
        async with asyncio.timeout(0.005):
            await jobs.get()
    except TimeoutError:
        print("{noun}: nothing yet")
''', QUIET),
    Incident("a task that ends well when it is cancelled", '''
job = asyncio.create_task({work}())
await let_run()
job.cancel()
await job
''', QUIET, '''
async def {work}() -> None:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return
'''),
    Incident("a task that flushes when it is cancelled", '''
job = asyncio.create_task({work}())
await let_run()
job.cancel()
await job
''', QUIET, '''
async def {work}() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    await asyncio.sleep(0)
'''),
    Incident("a task that is awaited twice", '''
job = asyncio.create_task({work}())§
{noun}_ready.set()
for _ in range(2):
    try:
        await job
    except {leaf} as error:
        print("{noun}:", error)
''', HEARD, _GATED),
    Incident("a consumer that dies, and its producer is cancelled", '''
jobs = asyncio.Queue(1)
consumer = asyncio.create_task({work}(jobs))§
await let_run()
try:
    async with asyncio.timeout(0.02):
        for number in range(9):
            await jobs.put(number)
except TimeoutError:
    print("{noun}: the queue is full")
''', LOST, '''
async def {work}(jobs) -> None:
    await jobs.get()
    raise {leaf}("{message}")
'''),
    Incident("a consumer that dies, and is read in the clean-up", '''
jobs = asyncio.Queue(1)
consumer = asyncio.create_task({work}(jobs))§
await let_run()
try:
    async with asyncio.timeout(0.02):
        for number in range(9):
            await jobs.put(number)
except TimeoutError:
    print("{noun}: the queue is full")
finally:
    consumer.cancel()
    outcomes = await asyncio.gather(consumer, return_exceptions=True)
    print("{noun}:", [outcome for outcome in outcomes if outcome is not None])
''', HEARD, '''
async def {work}(jobs) -> None:
    await jobs.get()
    raise {leaf}("{message}")
'''),
)  # fmt: skip
