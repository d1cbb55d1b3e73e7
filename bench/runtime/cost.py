#!/usr/bin/env python3
"""What a trivial task costs with the monitor on, as a ratio to plain asyncio in the same process.

    python cost.py [--rounds 40] [--tasks 2000] [--loop asyncio|uvloop] [--only heard,debug,...]

Interleaved rounds, thread CPU time, medians. `control` is plain against plain: how much of a ratio is noise.
Peers are measured where they are installed: sentry-sdk, opentelemetry-instrumentation-asyncio, aiomonitor. It also
says what a live task costs in memory, and what an exception costs that unwinds a plain frame.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import statistics
import sys
import time
import tracemalloc
import typing
from collections.abc import Callable, Iterator

import heard


async def nothing() -> None: ...


async def gather(count: int) -> None:
    await asyncio.gather(*[nothing() for _ in range(count)])


async def group(count: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(nothing())


async def awaited(count: int) -> None:
    for _ in range(count):
        await asyncio.create_task(nothing())


async def suspended(count: int) -> None:
    await asyncio.gather(*[asyncio.sleep(0) for _ in range(count)])


async def eager(count: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    try:
        for _ in range(count):
            await asyncio.create_task(nothing())
    finally:
        loop.set_task_factory(None)


async def _pending(count: int, depth: int) -> list[asyncio.Task[None]]:
    async def dive(depth: int) -> None:
        if depth:
            await dive(depth - 1)
        else:
            await asyncio.sleep(3600)

    tasks = [asyncio.create_task(dive(depth)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def cancel(count: int, depth: int = 0) -> float:
    """From `cancel()` to the end of the task; that it was made does not count."""
    tasks = await _pending(count, depth)
    began = time.thread_time()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return time.thread_time() - began


async def deep_cancel(count: int) -> float:
    """The same, through ten frames."""
    return await cancel(count, 10)


async def deep(count: int) -> None:
    """An exception of the program's through ten frames, which a handler around the task reads."""

    async def dive(depth: int) -> None:
        if depth:
            await dive(depth - 1)
        else:
            raise KeyError

    for _ in range(count):
        try:
            await asyncio.create_task(dive(10))
        except KeyError:
            pass


async def expired(count: int) -> None:
    """A timeout that expires at once."""
    never = asyncio.get_running_loop().create_future()
    for _ in range(count):
        try:
            async with asyncio.timeout(0):
                await asyncio.shield(never)
        except TimeoutError:
            pass


Work = Callable[[int], typing.Coroutine[object, object, "float | None"]]


@contextlib.contextmanager
def plain(_: asyncio.AbstractEventLoop) -> Iterator[None]:
    yield


@contextlib.contextmanager
def monitored(_: asyncio.AbstractEventLoop) -> Iterator[None]:
    heard.install()
    yield
    heard.uninstall()


@contextlib.contextmanager
def debug(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    loop.set_debug(True)
    yield
    loop.set_debug(False)


@contextlib.contextmanager
def callback(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The recipe: a set that keeps the tasks, and a done callback that logs."""
    tasks: set[asyncio.Task[object]] = set()

    def done(task: asyncio.Task[object]) -> None:
        tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logging.error("failed", exc_info=task.exception())

    def factory(loop: asyncio.AbstractEventLoop, coro: typing.Any, **options: typing.Any) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.Task(coro, loop=loop, **options)
        tasks.add(task)
        task.add_done_callback(done)
        return task

    loop.set_task_factory(typing.cast("typing.Any", factory))
    yield
    loop.set_task_factory(None)


@contextlib.contextmanager
def sentry(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    import sentry_sdk
    from sentry_sdk.integrations.asyncio import AsyncioIntegration, patch_asyncio

    sentry_sdk.init(dsn=None, integrations=[AsyncioIntegration()])

    async def patch() -> None:
        patch_asyncio()

    loop.run_until_complete(patch())
    yield
    loop.set_task_factory(None)


@contextlib.contextmanager
def opentelemetry(_: asyncio.AbstractEventLoop) -> Iterator[None]:
    from opentelemetry.instrumentation.asyncio import AsyncioInstrumentor

    instrumentor = AsyncioInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()


@contextlib.contextmanager
def aiomonitor(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    from aiomonitor import Monitor

    monitor = Monitor(loop, hook_task_factory=True, port=0, webui_port=0)
    loop.set_task_factory(monitor._create_task)
    yield
    loop.set_task_factory(None)


WAYS = {
    "control": plain,
    "heard": monitored,
    "callback": callback,
    "debug": debug,
    "sentry": sentry,
    "opentelemetry": opentelemetry,
    "aiomonitor": aiomonitor,
}


def once(loop: asyncio.AbstractEventLoop, work: Work, way: typing.Any, count: int) -> float:
    with way(loop):
        gc.collect()
        gc.disable()
        began = time.thread_time()
        part = loop.run_until_complete(work(count))
        took = time.thread_time() - began if part is None else part
        gc.enable()
    return took


def available(loop: asyncio.AbstractEventLoop, names: list[str]) -> dict[str, typing.Any]:
    ways = {}
    for name in names:
        try:
            once(loop, gather, WAYS[name], 10)
        except Exception as error:
            print(f"{name} is left out: {type(error).__name__}: {error}")
            loop.set_task_factory(None)
        else:
            ways[name] = WAYS[name]
    return ways


def measure(loop: asyncio.AbstractEventLoop, work: Work, ways: dict[str, typing.Any], rounds: int, count: int) -> None:
    every = {"plain": plain, **ways}
    took: dict[str, list[float]] = {name: [] for name in every}
    for number in range(rounds + 2):
        names = list(every)
        names = names[number % len(names) :] + names[: number % len(names)]
        for name in names:
            # Slow ways get fewer tasks: the ratio is per task.
            fewer = count if name in ("plain", "control", "heard", "callback") else count // 10
            seconds = once(loop, work, every[name], fewer) / fewer
            if number >= 2:
                took[name].append(seconds)
    line = f"{work.__name__:11} {statistics.median(took['plain']) * 1e9:6.0f} ns a task"
    for name in ways:
        line += f"  {name} x{statistics.median(a / b for a, b in zip(took[name], took['plain'], strict=True)):.3f}"
    print(line, flush=True)


def memory(count: int = 100_000) -> float:
    """Bytes a live task."""

    async def main() -> int:
        tasks = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(count)]
        await asyncio.sleep(0)
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return pages * 4096

    # What is imported, and freed again, is not the price of a task.
    heard.install()
    asyncio.run(main())
    heard.uninstall()
    asyncio.run(main())
    without = asyncio.run(main())
    heard.install()
    with_ = asyncio.run(main())
    heard.uninstall()
    return (with_ - without) / count


def unwinding(count: int = 200_000, rounds: int = 15) -> tuple[float, float]:
    """Nanoseconds an exception that leaves a plain function: without and with the monitor."""

    def fail() -> None:
        raise KeyError

    def many() -> float:
        began = time.thread_time()
        for _ in range(count):
            try:
                fail()
            except KeyError:
                pass
        return (time.thread_time() - began) / count * 1e9

    without, with_ = [], []
    for _ in range(rounds):
        without.append(many())
        heard.install()
        with_.append(many())
        heard.uninstall()
    return statistics.median(without), statistics.median(with_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--only", default=",".join(WAYS))
    parser.add_argument("--works", help="the names of those to measure (default: all)")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    tracemalloc.stop()
    if options.loop == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    print(f"Python {sys.version.split()[0]}, {options.loop}, heard {heard.__version__}")
    ways = available(loop, ["control", *[name for name in options.only.split(",") if name != "control"]])
    works: list[Work] = [gather, group, awaited, suspended, cancel, deep_cancel, deep, expired]
    # uvloop's own create_task passes an argument that eager factories do not know in Python 3.13.0.
    if sys.version_info >= (3, 12) and options.loop == "asyncio":
        works.append(eager)
    if options.works:
        works = [work for work in works if work.__name__ in options.works.split(",")]
    for work in works:
        chosen = {name: way for name, way in ways.items() if work is not eager or name in ("control", "heard", "debug")}
        measure(loop, work, chosen, options.rounds, options.tasks)
    if options.loop == "asyncio":
        without, with_ = unwinding()
        print(f"an exception that leaves a plain function: {without:.0f} ns, with heard {with_:.0f} ns")
        print(f"a live task: {memory():+.0f} bytes with heard")


if __name__ == "__main__":
    main()
