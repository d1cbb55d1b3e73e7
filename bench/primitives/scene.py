"""One contender and its scene; prints what was observed as JSON."""

import asyncio
import json
import logging
import sys
import time
import traceback

from contenders import BOUNDS, CONTENDERS

#: Seconds.
FIRST, SECOND, SIBLING, BODY = 0.05, 0.1, 0.2, 0.25


class First(Exception):
    pass


class Second(Exception):
    pass


class Scene:
    def __init__(self, sleep):
        self.sleep = sleep
        self.failed = {}
        self.seen = {}
        self.texts = ""
        self.ended = set()

    def works(self):
        return [("first-name", self.first), ("second-name", self.second), ("sibling-name", self.sibling)]

    async def first(self):
        await self.sleep(FIRST)
        self.fail(First)

    async def second(self):
        await self.sleep(SECOND)
        self.fail(Second)

    def fail(self, kind):
        self.failed[kind.__name__] = time.monotonic()
        raise kind

    async def sibling(self):
        await self.sleep(SIBLING)
        self.ended.add("sibling")

    async def body(self):
        await self.sleep(BODY)
        self.ended.add("body")

    def hears(self, error, text):
        """Somebody gets an exception, with this text."""
        for one in getattr(error, "exceptions", [error]):
            self.seen.setdefault(type(one).__name__, time.monotonic())
        self.texts += text


class Ears(logging.Handler):
    def __init__(self, scene):
        super().__init__()
        self.scene = scene

    def emit(self, record):
        text = self.format(record)
        for kind in (First, Second):
            if kind.__name__ in text:
                self.scene.seen.setdefault(kind.__name__, time.monotonic())
                # The traceback of the exception is not where its task was made.
                self.scene.texts += record.getMessage()


class Stderr:
    """What a library prints."""

    def __init__(self, ears):
        self.ears = ears

    def write(self, text):
        self.ears.emit(logging.makeLogRecord({"msg": text}))

    def flush(self):
        pass


async def most_at_once(name, sleep):
    if name not in BOUNDS:
        return None
    running, most = 0, 0

    async def work():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await sleep(0.001)
        running -= 1

    await BOUNDS[name]([work] * 50, 5)
    return most


async def play(name, scene):
    try:
        await CONTENDERS[name](scene)
    except BaseException as error:
        scene.hears(error, "".join(traceback.format_exception_only(error)))


def main(name):
    if name.startswith("trio"):
        import trio

        run, sleep = trio.run, trio.sleep
    else:
        sleep = asyncio.sleep
        run = lambda function, *given: asyncio.run(function(*given))  # noqa: E731
    scene = Scene(sleep)
    ears = Ears(scene)
    logging.basicConfig(handlers=[ears], level=logging.DEBUG)
    stderr, sys.stderr = sys.stderr, Stderr(ears)
    run(play, name, scene)
    sys.stderr = stderr
    seen = scene.seen.get("First")
    observed = {
        "first seen": None if seen is None else (seen - scene.failed["First"]) * 1000,
        "heard": f"{len(scene.seen)} of {len(scene.failed)}",
        "sibling": "sibling" in scene.ended,
        "body": "body" in scene.ended,
        "identity": "first-name" in scene.texts,
        # Not the name of the contender's own scene: the function that made the task.
        "birth": f" in {name}" in scene.texts or f"function='{name}'" in scene.texts,
        "bound": run(most_at_once, name, sleep),
    }
    print(json.dumps(observed))


main(sys.argv[1])
