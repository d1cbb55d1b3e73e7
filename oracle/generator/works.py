"""Functions that fail, and some that do not."""

from generator.parts import Work

WORKS = (
    Work("at once", '''
async def {work}() -> None:
    raise {leaf}("{message}")
'''),
    Work("after a turn", '''
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")
'''),
    Work("deep down", '''
async def {work}_again() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def {work}() -> None:
    for _ in range(3):
        await {work}_again()
'''),
    Work("from another failure", '''
async def {work}() -> None:
    try:
        await asyncio.sleep(0)
        {{}}["{noun}"]
    except KeyError as missing:
        raise {leaf}("{message}") from missing
'''),
    Work("when told", '''
async def {work}() -> None:
    await {noun}_ready.wait()
    raise {leaf}("{message}")
''', release="{noun}_ready.set()", module="{noun}_ready = asyncio.Event()"),
    Work("in a finally", '''
async def {work}() -> None:
    try:
        await asyncio.sleep(0)
    finally:
        if {noun}_limit < 1:
            raise {leaf}("{message}")
''', module="{noun}_limit = 0"),
    Work("in an async generator", '''
async def {work}_pages():
    yield 1
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def {work}() -> None:
    async for page in {work}_pages():
        print("{noun}: page", page)
'''),
    Work("in an async with", '''
@contextlib.asynccontextmanager
async def {work}_session():
    yield "{noun}"
    raise {leaf}("{message}")


async def {work}() -> None:
    async with {work}_session() as session:
        print("opened", session)
'''),
    Work("in a group of its own", '''
async def {work}_part() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")


async def {work}() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task({work}_part())
''', raises="ExceptionGroup"),
    Work("a decorated one", '''
def {noun}_timed(function):
    @functools.wraps(function)
    async def wrapper():
        try:
            return await function()
        finally:
            print("{noun}: over")

    return wrapper


@{noun}_timed
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")
'''),
    Work("only when it is cancelled", '''
async def {work}() -> None:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        raise {leaf}("{message}")
''', on_cancel=True),
    Work("not at all", '''
async def {work}() -> None:
    try:
        raise {leaf}("{message}")
    except {leaf}:
        await asyncio.sleep(0)
''', fails=False),
    Work("never ending", '''
async def {work}() -> None:
    while True:
        await asyncio.sleep(3600)
''', fails=False, ends=False),
    Work("in a thread", '''
def {work}() -> None:
    raise {leaf}("{message}")
''', is_async=False),
    Work("in a thread when told", '''
def {work}() -> None:
    {noun}_ready.wait()
    raise {leaf}("{message}")
''', is_async=False, release="{noun}_ready.set()", module="{noun}_ready = threading.Event()"),
)  # fmt: skip
