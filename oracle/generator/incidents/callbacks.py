"""Failures of callbacks of the loop, which nobody can await."""

from generator.parts import Incident
from generator.piece import HEARD, LOST, QUIET

_RAISE = """
def {work}(*_) -> None:
    raise {leaf}("{message}")
"""

INCIDENTS = (
    Incident("call_soon", "asyncio.get_running_loop().call_soon({work})\nawait let_run()", LOST, _RAISE),
    Incident("call_later", "asyncio.get_running_loop().call_later(0, {work})\nawait asyncio.sleep(0.01)", LOST, _RAISE),
    Incident("call_at of a method", '''
desk = {Noun}Desk()
loop = asyncio.get_running_loop()
loop.call_at(loop.time(), desk.{work})
await asyncio.sleep(0.01)
''', LOST, '''
class {Noun}Desk:
    def {work}(self) -> None:
        raise {leaf}("{message}")
'''),
    Incident("call_soon_threadsafe", '''
await asyncio.to_thread(asyncio.get_running_loop().call_soon_threadsafe, {work})
await let_run()
''', LOST, _RAISE),
    Incident("a done callback that raises", '''
job = asyncio.create_task(asyncio.sleep(0))
job.add_done_callback({work})
await job
await let_run()
''', LOST, _RAISE),
    Incident("a callback that handles its failure", '''
asyncio.get_running_loop().call_soon({work})
await let_run()
''', QUIET, '''
def {work}() -> None:
    try:
        raise {leaf}("{message}")
    except {leaf} as error:
        print("{noun}:", error)
'''),
    Incident("a callback that starts a task", '''
asyncio.get_running_loop().call_soon(start_{noun})
await let_run()
''', LOST, '''
async def {work}() -> None:
    raise {leaf}("{message}")


def start_{noun}() -> None:
    asyncio.ensure_future({work}())§
'''),
    Incident("a callback that resolves a future", '''
promised = asyncio.get_running_loop().create_future()
asyncio.get_running_loop().call_soon(promised.set_exception, {leaf}("{message}"))
try:
    await promised
except {leaf} as error:
    print("{noun}:", error)
''', HEARD),
    Incident("a callback that resolves a future that nobody awaits", '''
promised = asyncio.get_running_loop().create_future()
asyncio.get_running_loop().call_soon(promised.set_exception, {leaf}("{message}"))
await let_run()
''', LOST),
    Incident("a thread that resolves a future", '''
promised = concurrent.futures.Future()
threading.Thread(target=promised.set_exception, args=({leaf}("{message}"),)).start()
try:
    await asyncio.wrap_future(promised)
except {leaf} as error:
    print("{noun}:", error)
''', HEARD),
)  # fmt: skip
