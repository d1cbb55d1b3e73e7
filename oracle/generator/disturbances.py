"""What comes between the birth of work and its reader."""

from generator.parts import Disturbance

DISTURBANCES = (
    Disturbance("nothing", "", "await {strand}()", passes=True),
    Disturbance("a pause", "await let_run()", "await {strand}()", passes=True),
    Disturbance("a failure that is handled", '''
try:
    raise IndexError("{noun}: no such line")
except IndexError as error:
    print("{noun}:", error)
''', "await {strand}()", passes=True),
    Disturbance("a collection", "gc.collect()", "await {strand}()", passes=True),
    Disturbance("an early return", '''
if not {noun}_wanted:
    return
''', "await {strand}()", module="{noun}_wanted = False"),
    Disturbance("another failure", '''
if not {noun}_open:
    raise IndexError("{noun}: closed")
''', '''
try:
    await {strand}()
except IndexError as error:
    print("{noun}:", error)
''', module="{noun}_open = False"),
    Disturbance("a cancellation", "await asyncio.sleep(3600)", '''
strand = asyncio.create_task({strand}())
await let_run()
strand.cancel()
await asyncio.wait([strand])
'''),
    Disturbance("a time limit", "await asyncio.sleep(3600)", '''
strand = asyncio.create_task({strand}())
await let_run()
try:
    async with asyncio.timeout(0.01):
        await strand
except TimeoutError:
    print("{noun}: too slow")
'''),
    Disturbance("wait_for", "await asyncio.sleep(3600)", '''
strand = asyncio.create_task({strand}())
await let_run()
try:
    await asyncio.wait_for(strand, 0.01)
except TimeoutError:
    print("{noun}: too slow")
'''),
    Disturbance("an endless loop", '''
while True:
    await asyncio.sleep(0.01)
''', '''
strand = asyncio.create_task({strand}())
await let_run()
'''),
    Disturbance("the end of the loop", "await asyncio.sleep(3600)", '''
strand = asyncio.create_task({strand}())
await let_run()
'''),
    Disturbance("an error of a sibling", "await asyncio.sleep(3600)", '''
try:
    async with asyncio.TaskGroup() as group:
        group.create_task({strand}())
        await let_run()
        raise IndexError("{noun}: closed")
except* IndexError as errors:
    print("{noun}:", errors.exceptions)
'''),
)  # fmt: skip
