"""Services with several tasks, and what their end does with failures that came before."""

from generator.plot import Plot, all_heard, all_lost

_OFFICE = """
class {Noun}Office:
    def __init__(self) -> None:
        self.jobs = []

    async def start(self) -> None:
        self.jobs = [asyncio.create_task(call) for call in ({calls})]§

    async def stop(self) -> None:
"""
_USE = """
office = {Noun}Office()
await office.start()
await let_run()
await office.stop()
"""

PLOTS = (
    Plot("stop cancels, and gathers what it drops", _USE, all_lost, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)
'''),
    Plot("stop cancels, gathers and looks", _USE, all_heard, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            job.cancel()
        for outcome in await asyncio.gather(*self.jobs, return_exceptions=True):
            if isinstance(outcome, Exception):
                print("{noun}:", outcome)
'''),
    Plot("stop cancels, and awaits each in silence", _USE, all_heard, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            job.cancel()
            try:
                await job
            except (asyncio.CancelledError, {error}):
                pass
'''),
    Plot("stop cancels only", _USE, all_lost, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            job.cancel()
        self.jobs.clear()
'''),
    Plot("stop cancels, and waits", _USE, all_lost, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            job.cancel()
        await asyncio.wait(self.jobs)
'''),
    Plot("stop asks those that have ended", _USE, all_heard, endless=True, module=_OFFICE + '''
        for job in self.jobs:
            if not job.done():
                job.cancel()
            elif job.exception() is not None:
                print("{noun}:", job.exception())
'''),
    Plot("stop asks whether they have ended", _USE, all_lost, endless=True, module=_OFFICE + '''
        print("{noun}:", all(job.done() for job in self.jobs))
        await asyncio.sleep(0)
'''),
    Plot("stop awaits them in a finally", '''
office = {Noun}Office()
await office.start()
try:
    await let_run()
finally:
    await office.stop()
''', all_heard, module=_OFFICE + '''
        for job in self.jobs:
            with contextlib.suppress({error}):
                await job
'''),
)  # fmt: skip
