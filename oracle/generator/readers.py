"""What is done with what was started: who reads it, when and how, and who only seems to."""

from generator.parts import TASK, THREAD, Reader

_BOTH = (TASK, THREAD)
_TELL = """
def tell_{noun}(job) -> None:
    if not job.cancelled() and job.exception() is not None:
        print("{noun}:", repr(job.exception()))
"""

#: Readers that read.
READING = (
    Reader("await", '''
try:
    await {held}
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("await, and the failure is passed over in silence", '''
with contextlib.suppress({error}):
    await {held}
'''),
    Reader("result", '''
try:
    {held}.result()
except {error} as error:
    print("{noun}:", error)
''', _BOTH, after=True),
    Reader("exception", 'print("{noun}:", {held}.exception())', _BOTH, after=True),
    Reader("match of exception", '''
match {held}.exception():
    case None:
        print("{noun}: fine")
    case error:
        print("{noun}:", error)
''', _BOTH, after=True),
    Reader("exception in another function", "look_at_{noun}({held})", _BOTH, after=True, module='''
def look_at_{noun}(job) -> None:
    if job.done() and not job.cancelled():
        print("{noun}:", job.exception())
'''),
    Reader("exception, later", 'await asyncio.sleep(0.15)\nprint("{noun}:", {held}.exception())', _BOTH, after=True),
    Reader("await, later", '''
await asyncio.sleep(0.15)
try:
    await {held}
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("gather", '''
try:
    await asyncio.gather({held}, asyncio.sleep(0))
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("gather of exceptions that are looked at", '''
for outcome in await asyncio.gather({held}, return_exceptions=True):
    if isinstance(outcome, BaseException):
        print("{noun}:", outcome)
'''),
    Reader("gather of exceptions that are unpacked and looked at", '''
outcome, _ = await asyncio.gather({held}, asyncio.sleep(0), return_exceptions=True)
if isinstance(outcome, BaseException):
    print("{noun}:", outcome)
'''),
    Reader("gather, and then each is read", '''
job = {held}
await asyncio.gather(job, return_exceptions=True)
print("{noun}:", job.exception())
'''),
    Reader("await, and then the gather of the shutdown", '''
job = {held}
try:
    await job
except {error} as error:
    print("{noun}:", error)
finally:
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
'''),
    Reader("a gather that was read before", '''
job = {held}
print("{noun}:", job.exception())
await asyncio.gather(job, asyncio.sleep(0), return_exceptions=True)
''', after=True),
    Reader("wait, and its exceptions", '''
done, _ = await asyncio.wait([{held}])
for job in done:
    print("{noun}:", job.exception())
'''),
    Reader("wait for the first exception, and its results", '''
done, _ = await asyncio.wait([{held}], return_when=asyncio.FIRST_EXCEPTION)
for job in done:
    try:
        job.result()
    except {error} as error:
        print("{noun}:", error)
'''),
    Reader("wait, and the task itself", '''
job = {held}
await asyncio.wait([job], timeout=60)
if job.done():
    print("{noun}:", job.exception())
'''),
    Reader("as_completed", '''
for earliest in asyncio.as_completed([{held}]):
    try:
        await earliest
    except {error} as error:
        print("{noun}:", error)
'''),
    Reader("wait_for", '''
try:
    await asyncio.wait_for({held}, 60)
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("timeout", '''
try:
    async with asyncio.timeout(60):
        await {held}
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("shield", '''
try:
    await asyncio.shield({held})
except {error} as error:
    print("{noun}:", error)
'''),
    Reader("the body of a group", '''
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        await {held}
except* {leaf} as errors:
    print("{noun}:", errors.exceptions)
'''),
    Reader("a child of a group", '''
async def follow() -> None:
    await job


job = {held}
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
except* {leaf} as errors:
    print("{noun}:", errors.exceptions)
'''),
    Reader("cancel, and await", '''
job = {held}
job.cancel()
try:
    await job
except (asyncio.CancelledError, {error}) as error:
    print("{noun}:", repr(error))
''', after=True, cancels=True, task_only=True),
    Reader("wrap_future", '''
try:
    await asyncio.wrap_future({held})
except {error} as error:
    print("{noun}:", error)
''', (THREAD,)),
    Reader("a thread that waits for the result", '''
try:
    await asyncio.to_thread({held}.result, 60)
except {error} as error:
    print("{noun}:", error)
''', (THREAD,)),
    Reader("as_completed of threads", '''
for future in concurrent.futures.as_completed([{held}]):
    print("{noun}:", future.exception())
''', (THREAD,), after=True),
    Reader("wait of threads, and its exceptions", '''
done, _ = concurrent.futures.wait([{held}], return_when=concurrent.futures.FIRST_EXCEPTION)
for future in done:
    print("{noun}:", future.exception())
''', (THREAD,), after=True),
    Reader("a done callback", "", _BOTH, early="{held}.add_done_callback(tell_{noun})", module=_TELL),
    Reader("a done callback that is a lambda", "", _BOTH,
           early='{held}.add_done_callback(lambda job: job.cancelled() or print("{noun}:", job.exception()))'),
    Reader("a done callback of a class", "", _BOTH,
           early="{held}.add_done_callback(functools.partial({Noun}Ear().hear, 1))", module='''
class {Noun}Ear:
    def hear(self, number, job) -> None:
        if job.cancelled():
            return
        try:
            job.result()
        except {error} as error:
            print("{noun}:", number, error)
'''),
    Reader("a done callback that comes after the failure", "{held}.add_done_callback(tell_{noun})", _BOTH,
           after=True, module=_TELL),
    Reader("a task that waits for it", "await watcher", early="watcher = asyncio.create_task(watch_{noun}({held}))",
           module='''
async def watch_{noun}(job) -> None:
    try:
        await job
    except {error} as error:
        print("{noun}:", error)
'''),
    Reader("a gather that waits for it already", "", early="watcher = asyncio.create_task(watch_{noun}({held}))",
           module='''
async def watch_{noun}(job) -> None:
    outcomes = await asyncio.gather(job, return_exceptions=True)
    for outcome in outcomes:
        print("{noun}:", repr(outcome))
'''),
    Reader("a thread that waits in result already", "", (THREAD,), early='''
threading.Thread(target=watch_{noun}, args=({held},)).start()
''', module='''
def watch_{noun}(job) -> None:
    try:
        job.result()
    except {error} as error:
        print("{noun}:", error)
'''),
    Reader("a thread that waits in exception already", "", (THREAD,), early='''
threading.Thread(target=watch_{noun}, args=({held},)).start()
''', module='''
def watch_{noun}(job) -> None:
    print("{noun}:", job.exception())
'''),
    Reader("a thread that waits in as_completed already", "", (THREAD,), early='''
threading.Thread(target=watch_{noun}, args=({held},)).start()
''', module='''
def watch_{noun}(job) -> None:
    for future in concurrent.futures.as_completed([job]):
        print("{noun}:", future.exception())
'''),
    Reader("a thread that waits in wait already", "", (THREAD,), early='''
threading.Thread(target=watch_{noun}, args=({held},)).start()
''', module='''
def watch_{noun}(job) -> None:
    done, _ = concurrent.futures.wait([job])
    for future in done:
        print("{noun}:", future.exception())
'''),
)  # fmt: skip

#: What does not read.
DEAF = (
    Reader("nobody", "", _BOTH, reads=False),
    Reader("done", 'print("{noun}:", {held}.done())', _BOTH, reads=False),
    Reader("cancelled", 'print("{noun}:", {held}.cancelled())', _BOTH, reads=False),
    Reader("its type", 'print("{noun}:", type({held}).__name__)', _BOTH, reads=False),
    Reader("cancel", "{held}.cancel()", _BOTH, reads=False, after=True, cancels=True),
    Reader("cancel in a loop", '''
for job in [{held}]:
    if not job.done():
        job.cancel()
''', reads=False, after=True, cancels=True),
    Reader("wait", "await asyncio.wait([{held}])", reads=False),
    Reader("wait for the first exception", '''
await asyncio.wait([{held}], return_when=asyncio.FIRST_EXCEPTION)
''', reads=False),
    Reader("wait, and how many", '''
done, pending = await asyncio.wait([{held}], timeout=60)
print("{noun}:", len(done), len(pending))
''', reads=False),
    Reader("gather of exceptions", "await asyncio.gather({held}, return_exceptions=True)", reads=False),
    Reader("gather of exceptions under a name", '''
outcomes = await asyncio.gather({held}, return_exceptions=True)
print("{noun}: over")
''', reads=False),
    Reader("gather of exceptions, and how many", '''
outcomes = await asyncio.gather({held}, asyncio.sleep(0), return_exceptions=True)
print("{noun}:", len(outcomes))
''', reads=False),
    Reader("gather of exceptions that are unpacked", '''
first, second = await asyncio.gather({held}, asyncio.sleep(0), return_exceptions=True)
print("{noun}:", second)
''', reads=False),
    Reader("the shutdown's cancel and gather", '''
jobs = [{held}]
for job in jobs:
    job.cancel()
await asyncio.gather(*jobs, return_exceptions=True)
''', reads=False, after=True, cancels=True),
    Reader("wait of threads", "concurrent.futures.wait([{held}])", (THREAD,), reads=False, after=True),
    Reader("wait of threads for the first exception", '''
concurrent.futures.wait([{held}], return_when=concurrent.futures.FIRST_EXCEPTION)
''', (THREAD,), reads=False, after=True),
    Reader("as_completed of threads, and no more", '''
for future in concurrent.futures.as_completed([{held}]):
    print("{noun}: over")
''', (THREAD,), reads=False, after=True),
    Reader("a done callback that says it is over", "", _BOTH, reads=False,
           early='{held}.add_done_callback(lambda job: print("{noun}: over"))'),
    Reader("a done callback that counts", "", _BOTH, reads=False,
           early="{held}.add_done_callback({noun}_ended.append)", module="{noun}_ended = []"),
    Reader("a polling loop", '''
while not {held}.done():
    await asyncio.sleep(0)
''', reads=False, after=True),
)  # fmt: skip

READERS = READING + DEAF
