"""Who holds what was started."""

from generator.parts import TASK, Holder

HOLDERS = (
    Holder("nothing", "{birth}§"),
    Holder("a local variable", "job = {birth}§", "job"),
    Holder("an underscore", "_ = {birth}§", "_"),
    Holder("an attribute", "desk = types.SimpleNamespace()\ndesk.job = {birth}§", "desk.job"),
    Holder("an attribute of a global", "{noun}_desk.job = {birth}§", "{noun}_desk.job", module='''
class {Noun}Desk:
    job = None


{noun}_desk = {Noun}Desk()
'''),
    Holder("a slot", "desk = {Noun}Slot({birth})§", "desk.job", module='''
class {Noun}Slot:
    __slots__ = ("job",)

    def __init__(self, job) -> None:
        self.job = job
'''),
    Holder("a data class", "desk = {Noun}Record({birth})§", "desk.job", module='''
@dataclasses.dataclass
class {Noun}Record:
    job: object
'''),
    Holder("a list", "jobs = [{birth}]§", "jobs[0]"),
    Holder("a comprehension", "jobs = [{birth} for _ in range(1)]§", "jobs[0]"),
    Holder("a dictionary", 'jobs = {{"{noun}": {birth}}}§', 'jobs["{noun}"]'),
    Holder("a set", "jobs = {{{birth}}}§", "next(iter(jobs))"),
    Holder("a tuple", 'pair = ("{noun}", {birth})§', "pair[1]"),
    Holder("a deque", "jobs = collections.deque([{birth}])§", "jobs.popleft()", once=True),
    Holder("a global list", "{noun}_jobs.append({birth})§", "{noun}_jobs[-1]", module="{noun}_jobs = []"),
    Holder("a list in a dictionary", "{noun}_desks[1].append({birth})§", "{noun}_desks[1][0]",
           module="{noun}_desks = collections.defaultdict(list)"),
    Holder("a registry with discard", '''
job = {birth}§
{noun}_running.add(job)
job.add_done_callback({noun}_running.discard)
''', "job", module="{noun}_running = set()"),
    Holder("a registry behind a helper", "keep_{noun}({birth})§", module='''
{noun}_running = set()


def keep_{noun}(job) -> None:
    {noun}_running.add(job)
    job.add_done_callback({noun}_running.discard)
'''),
    Holder("a registry that is never emptied", "{noun}_running.add({birth})§", "next(iter({noun}_running))",
           module="{noun}_running = set()"),
    Holder("a weak set", "{noun}_seen.add({birth})§", module="{noun}_seen = weakref.WeakSet()"),
    Holder("a variable and a weak set", "job = {birth}§\n{noun}_seen.add(job)", "next(iter({noun}_seen))",
           module="{noun}_seen = weakref.WeakSet()"),
    Holder("a variable and a weak reference", "job = {birth}§\nreference = weakref.ref(job)", "reference()"),
    Holder("a variable and a weak dictionary", 'job = {birth}§\n{noun}_seen["{noun}"] = job', '{noun}_seen["{noun}"]',
           module="{noun}_seen = weakref.WeakValueDictionary()"),
    Holder("a closure", '''
job = {birth}§


def current():
    return job
''', "current()"),
    Holder("a default argument", "current = lambda job={birth}: job§", "current()"),
    Holder("a partial", 'current = functools.partial(dict.get, {{"{noun}": {birth}}}, "{noun}")§', "current()"),
    Holder("a queue", "jobs = asyncio.Queue()\njobs.put_nowait({birth})§", "jobs.get_nowait()", once=True),
    Holder("a queue of threads", "jobs = queue.SimpleQueue()\njobs.put({birth})§", "jobs.get()", once=True),
    Holder("a global", "global {noun}_job\n{noun}_job = {birth}§", "{noun}_job", module="{noun}_job = None"),
    Holder("a context variable", "{noun}_current.set({birth})§", "{noun}_current.get()",
           module='{noun}_current = contextvars.ContextVar("{noun}_current")'),
    Holder("a generator", "keeper = keep_{noun}({birth})§\nnext(keeper)", "next(keeper)", once=True, module='''
def keep_{noun}(job):
    yield "kept"
    yield job
'''),
    Holder("another thread", '''
inbox, outbox = queue.SimpleQueue(), queue.SimpleQueue()
threading.Thread(target=keep_{noun}, args=(inbox, outbox), daemon=True).start()
inbox.put({birth})§
''', "ask_{noun}(inbox, outbox)", once=True, module='''
def keep_{noun}(inbox, outbox) -> None:
    job = inbox.get()
    inbox.get()
    outbox.put(job)


def ask_{noun}(inbox, outbox):
    inbox.put("give it back")
    return outbox.get()
'''),
    Holder("an argument of another coroutine", '''
keeper = asyncio.create_task(keep_{noun}({birth}))§
await asyncio.sleep(0)
''', module='''
async def keep_{noun}(job) -> None:
    await asyncio.sleep(0)
    print("{noun}: kept")
'''),
    Holder("nothing but a callback that reads it", "{birth}.add_done_callback(tell_{noun})§", reads=True, module='''
def tell_{noun}(job) -> None:
    if not job.cancelled() and job.exception() is not None:
        print("{noun}:", repr(job.exception()))
'''),
    Holder("nothing but a callback that does not", "{birth}.add_done_callback(tell_{noun})§", module='''
def tell_{noun}(job) -> None:
    print("{noun}: over")
'''),
    Holder("the await on the spot", '''
try:
    await {birth}§
except {error} as error:
    print("{noun}:", error)
''', reads=True, waits=True, gives=(TASK,)),
    Holder("the function that awaits it for us", '''
try:
    await finish_{noun}({birth})§
except {error} as error:
    print("{noun}:", error)
''', reads=True, waits=True, gives=(TASK,), module='''
async def finish_{noun}(job) -> None:
    await asyncio.sleep(0)
    await job
'''),
)  # fmt: skip
