"""Asynchronous generators and context managers that fail where they end."""

from generator.parts import Incident
from generator.piece import HEARD, LOST, QUIET

_PAGES = """
async def {work}():
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)
        raise {leaf}("{message}")
"""

INCIDENTS = (
    Incident("a generator that is left, and fails at its end", '''
async for page in {work}():
    print("{noun}:", page)
    break
gc.collect()
await let_run()
''', LOST, _PAGES),
    Incident("a generator that is closed, and fails at its end", '''
try:
    async with contextlib.aclosing({work}()) as pages:
        async for page in pages:
            print("{noun}:", page)
            break
except {leaf} as error:
    print("{noun}:", error)
''', QUIET, _PAGES),
    Incident("a task that fails in a generator", '''
job = asyncio.create_task(list_{noun}())§
await let_run()
''', LOST, '''
async def {work}():
    yield 1
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def list_{noun}():
    return [page async for page in {work}()]
'''),
    Incident("a generator that starts tasks, and reads them", '''
async for page in {work}s():
    print("{noun}:", repr(page))
''', HEARD, '''
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def {work}s():
    job = asyncio.create_task({work}())§
    yield "started"
    await asyncio.wait([job])
    yield job.exception()
'''),
    Incident("a context manager that starts a task, and awaits it", '''
try:
    async with open_{noun}() as job:
        print("{noun}:", job.done())
except {leaf} as error:
    print("{noun}:", error)
''', HEARD, '''
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


@contextlib.asynccontextmanager
async def open_{noun}():
    job = asyncio.create_task({work}())§
    yield job
    await job
'''),
    Incident("a context manager that starts a task, and cancels it", '''
async with open_{noun}():
    await let_run()
''', LOST, '''
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


@contextlib.asynccontextmanager
async def open_{noun}():
    job = asyncio.create_task({work}())§
    try:
        yield
    finally:
        job.cancel()
'''),
    Incident("an exit stack that reads", '''
async with contextlib.AsyncExitStack() as stack:
    job = asyncio.create_task({work}())§
    stack.push_async_callback(finish_{noun}, job)
    await let_run()
''', HEARD, '''
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def finish_{noun}(job) -> None:
    with contextlib.suppress({leaf}):
        await job
'''),
)  # fmt: skip
