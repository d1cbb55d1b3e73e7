"""Every way to start work."""

from generator.parts import THREAD, Birth

_POOL = "POOL = concurrent.futures.ThreadPoolExecutor(max_workers=1)"
#: One worker takes one job after the other: when the next is done, so is the one before.
_AFTER_POOL = "await asyncio.get_running_loop().run_in_executor(POOL, int)\nawait let_run()"
_AFTER_DEFAULT = "await let_run()\nawait asyncio.to_thread(int)\nawait let_run()"
_ONE_THREAD = '''
def use_one_thread() -> None:
    """Lets the loop run what it hands to threads in one, so that the order is certain."""
    loop = asyncio.get_running_loop()
    if loop not in LOOPS:
        LOOPS.add(loop)
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(max_workers=1))


LOOPS = weakref.WeakSet()
'''

BIRTHS = (
    Birth("create_task", "asyncio.create_task({work}())"),
    Birth("loop.create_task", "asyncio.get_running_loop().create_task({work}())"),
    Birth("ensure_future", "asyncio.ensure_future({work}())"),
    Birth("named create_task", 'asyncio.create_task({work}(), name="{noun}")'),
    Birth("create_task in a context", "asyncio.create_task({work}(), context=contextvars.copy_context())"),
    Birth("asyncio.Task", "asyncio.Task({work}(), loop=asyncio.get_running_loop())"),
    Birth("a helper", "start_{noun}()", module='''
def start_{noun}():
    return asyncio.create_task({work}())§
'''),
    Birth("a helper that takes the coroutine", "start_{noun}({work}())", module='''
def start_{noun}(coroutine):
    task = asyncio.create_task(coroutine)§
    task.set_name("{noun}")
    return task
'''),
    Birth("an async helper", "(await start_{noun}())", module='''
async def start_{noun}():
    await asyncio.sleep(0)
    return asyncio.create_task({work}())§
'''),
    Birth("a decorator", "{noun}_in_background()", module='''
def {noun}_background(function):
    @functools.wraps(function)
    def start():
        return asyncio.create_task(function())§

    return start


{noun}_in_background = {noun}_background({work})
'''),
    Birth("a class", "{noun}_office.start()", module='''
class {Noun}Office:
    def start(self):
        return asyncio.create_task(self.work())§

    async def work(self) -> None:
        await {work}()


{noun}_office = {Noun}Office()
'''),
    Birth("a lambda", "start_{noun}()", module="start_{noun} = lambda: asyncio.create_task({work}())§"),
    Birth("a partial", "start_{noun}({work}())",
          module='start_{noun} = functools.partial(asyncio.create_task, name="{noun}")'),
    Birth("a partial of the work", "asyncio.create_task(functools.partial({work})())"),
    Birth("a generator of tasks", "next(start_{noun}())", module='''
def start_{noun}():
    yield asyncio.create_task({work}())§
'''),
    Birth("create_task of wait_for", "asyncio.create_task(asyncio.wait_for({work}(), 60))"),
    Birth("create_task of a wait_for around a shield",
          "asyncio.create_task(asyncio.wait_for(asyncio.shield({work}()), 60))"),
    Birth("shield", "asyncio.shield({work}())", is_task=False),
    Birth("gather", "asyncio.gather({work}())", is_task=False),
    Birth("a future", "promise_{noun}()", is_task=False, module='''
def promise_{noun}():
    async def resolve() -> None:
        try:
            await {work}()
        except Exception as error:
            if not promised.done():
                promised.set_exception(error)
        else:
            if not promised.done():
                promised.set_result(None)

    promised = asyncio.get_running_loop().create_future()§
    {noun}_resolvers.append(asyncio.create_task(resolve()))
    return promised


{noun}_resolvers = []
'''),
    Birth("run_coroutine_threadsafe", "asyncio.run_coroutine_threadsafe({work}(), asyncio.get_running_loop())",
          gives=THREAD, is_task=False),
    Birth("run_coroutine_threadsafe and wrap_future",
          "asyncio.wrap_future(asyncio.run_coroutine_threadsafe({work}(), asyncio.get_running_loop()))", is_task=False),
    Birth("submit", "POOL.submit({work})", gives=THREAD, is_async=False, module=_POOL, settle=_AFTER_POOL,
          is_task=False),
    Birth("submit and wrap_future", "asyncio.wrap_future(POOL.submit({work}))", is_async=False, module=_POOL,
          settle=_AFTER_POOL, is_task=False),
    Birth("run_in_executor", "asyncio.get_running_loop().run_in_executor(POOL, {work})", is_async=False,
          module=_POOL, settle=_AFTER_POOL, is_task=False),
    Birth("run_in_executor of the loop", "asyncio.get_running_loop().run_in_executor(None, {work})", is_async=False,
          module=_ONE_THREAD, prepare="use_one_thread()", settle=_AFTER_DEFAULT, is_task=False),
    Birth("create_task of to_thread", "asyncio.create_task(asyncio.to_thread({work}))", is_async=False,
          module=_ONE_THREAD, prepare="use_one_thread()", settle=_AFTER_DEFAULT),
)  # fmt: skip
