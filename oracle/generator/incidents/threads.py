"""Loops in other threads, and the bridges between them."""

from generator.parts import Incident
from generator.piece import HEARD, LOST

_WORK = """
async def {work}() -> None:
    await asyncio.sleep(0)
    raise {leaf}("{message}")
"""
_PLAIN = """
def {work}(number: int) -> int:
    raise {leaf}("{message}")
"""
_BRIDGE = "await asyncio.to_thread(bridge_{noun}, asyncio.get_running_loop())\nawait let_run()"

INCIDENTS = (
    Incident("a bridge whose result is read", _BRIDGE, HEARD, _WORK + '''

def bridge_{noun}(loop) -> None:
    try:
        asyncio.run_coroutine_threadsafe({work}(), loop).result()§
    except {leaf} as error:
        print("{noun}:", error)
'''),
    Incident("a bridge whose result is read with a limit", _BRIDGE, HEARD, _WORK + '''

def bridge_{noun}(loop) -> None:
    future = asyncio.run_coroutine_threadsafe({work}(), loop)§
    try:
        future.result(60)
    except {leaf} as error:
        print("{noun}:", error)
'''),
    Incident("a bridge whose exception is read", _BRIDGE, HEARD, _WORK + '''

def bridge_{noun}(loop) -> None:
    print("{noun}:", asyncio.run_coroutine_threadsafe({work}(), loop).exception())§
'''),
    Incident("a bridge that waits and then reads", _BRIDGE, HEARD, _WORK + '''

def bridge_{noun}(loop) -> None:
    future = asyncio.run_coroutine_threadsafe({work}(), loop)§
    done, _ = concurrent.futures.wait([future])
    for one in done:
        print("{noun}:", one.exception())
'''),
    Incident("a bridge that waits and does not read", _BRIDGE, LOST, _WORK + '''

def bridge_{noun}(loop) -> None:
    future = asyncio.run_coroutine_threadsafe({work}(), loop)§
    concurrent.futures.wait([future])
'''),
    Incident("a bridge as_completed", _BRIDGE, HEARD, _WORK + '''

def bridge_{noun}(loop) -> None:
    futures = [asyncio.run_coroutine_threadsafe({work}(), loop)]§
    for future in concurrent.futures.as_completed(futures):
        try:
            future.result()
        except {leaf} as error:
            print("{noun}:", error)
'''),
    Incident("a bridge that is dropped", _BRIDGE, LOST, _WORK + '''

def bridge_{noun}(loop) -> None:
    asyncio.run_coroutine_threadsafe({work}(), loop)§
'''),
    Incident("a bridge with a callback that reads", _BRIDGE, HEARD, _WORK + '''

def tell_{noun}(future) -> None:
    print("{noun}:", future.exception())


def bridge_{noun}(loop) -> None:
    asyncio.run_coroutine_threadsafe({work}(), loop).add_done_callback(tell_{noun})§
'''),
    Incident("a loop in a thread that is asked", '''
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
try:
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe({work}(), loop))§
except {leaf} as error:
    print("{noun}:", error)
loop.call_soon_threadsafe(loop.stop)
await asyncio.to_thread(thread.join)
loop.close()
''', HEARD, _WORK),
    Incident("a loop in a thread that is not asked", '''
loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()
future = asyncio.run_coroutine_threadsafe({work}(), loop)§
await asyncio.to_thread(concurrent.futures.wait, [future])
loop.call_soon_threadsafe(loop.stop)
await asyncio.to_thread(thread.join)
loop.close()
''', LOST, _WORK),
    Incident("a loop in a thread whose end is heard", "await asyncio.to_thread(run_{noun})", HEARD, _WORK + '''

def run_{noun}() -> None:
    try:
        asyncio.run({work}())
    except {leaf} as error:
        print("{noun}:", error)
'''),
    Incident("run_until_complete of a task", "await asyncio.to_thread(run_{noun})", HEARD, _WORK + '''

def run_{noun}() -> None:
    loop = asyncio.new_event_loop()
    job = loop.create_task({work}())§
    try:
        loop.run_until_complete(job)
    except {leaf} as error:
        print("{noun}:", error)
    finally:
        loop.close()
'''),
    Incident("run_until_complete of another, and the end", "await asyncio.to_thread(run_{noun})", LOST, _WORK + '''

def run_{noun}() -> None:
    loop = asyncio.new_event_loop()
    job = loop.create_task({work}())§
    loop.run_until_complete(asyncio.sleep(0.01))
    print("{noun}:", job.done())
    loop.close()
'''),
    Incident("a map of an executor that is read", "await asyncio.to_thread(map_{noun})", HEARD, _PLAIN + '''

def map_{noun}() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        try:
            print("{noun}:", list(pool.map({work}, [1])))
        except {leaf} as error:
            print("{noun}:", error)
'''),
    Incident("a map of an executor that is not read", "await asyncio.to_thread(map_{noun})", LOST, _PLAIN + '''

def map_{noun}() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.map({work}, [1])§
'''),
    Incident("an executor whose future is dropped", "await asyncio.to_thread(submit_{noun})", LOST, _PLAIN + '''

def submit_{noun}() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit({work}, 1)§
'''),
    Incident("an executor whose futures are read", "await asyncio.to_thread(submit_{noun})", HEARD, _PLAIN + '''

def submit_{noun}() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        futures = [pool.submit({work}, 1)]§
    for future in futures:
        print("{noun}:", future.exception())
'''),
)  # fmt: skip
