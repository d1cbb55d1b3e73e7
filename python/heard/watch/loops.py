"""How the loops of the watched tasks are: whether each turns, and what holds one up that does not."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import types
import typing
import weakref
from collections.abc import Callable, Iterable

from heard.monitor.threads import known_threads
from heard.record import Place
from heard.watch.chain import Task, place_of

#: Seconds for which an answer waits until all loops have turned once.
_PATIENCE = 0.1
_MOST_FRAMES = 12


class Loop(typing.NamedTuple):
    """A loop, as it is now."""

    loop: asyncio.AbstractEventLoop
    #: The name of its thread, where that is known.
    thread: str | None
    running: bool
    #: Seconds for which it has not turned since it was asked to; none where it does.
    blocked: float | None
    #: What its thread does meanwhile, the innermost frame first.
    stack: tuple[Place, ...]


class Asked:
    """Loops that were asked to turn and have not turned since, each with when that was."""

    def __init__(self) -> None:
        self.since: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, float] = weakref.WeakKeyDictionary()

    def ask(self, loop: asyncio.AbstractEventLoop, now: float, then: Callable[[], object] = lambda: None) -> None:
        """Asks a loop, from another thread; `then` is called when it has turned."""
        self.since[loop] = now
        try:
            # A loop that is stopped keeps what it is to call, so that knows it weakly.
            loop.call_soon_threadsafe(self._turned, weakref.ref(loop), then)
        except RuntimeError:
            # It has been closed just now.
            self.since.pop(loop, None)

    def _turned(self, reference: weakref.ref[asyncio.AbstractEventLoop], then: Callable[[], object]) -> None:
        loop = reference()
        if loop is not None:
            self.since.pop(loop, None)
        then()


class Loops:
    """Asks loops to turn, and remembers those that have not."""

    def __init__(self) -> None:
        #: They are not asked again before they have turned.
        self.asked = Asked()

    def look(self, tasks: Iterable[Task]) -> list[Loop]:
        loops = list({id(loop): loop for loop in (task.get_loop() for task in tasks)}.values())
        running = [loop for loop in loops if loop.is_running()]
        turned = threading.Event()
        for loop in running:
            if loop not in self.asked.since:
                self.asked.ask(loop, time.monotonic(), turned.set)
        end = time.monotonic() + _PATIENCE
        while any(loop in self.asked.since for loop in running) and time.monotonic() < end:
            turned.wait(max(0.0, end - time.monotonic()))
            turned.clear()
        return [self._seen(loop, loop in running) for loop in loops]

    def _seen(self, loop: asyncio.AbstractEventLoop, is_running: bool) -> Loop:
        since = self.asked.since.get(loop) if is_running else None
        if not is_running:
            self.asked.since.pop(loop, None)
        blocked = None if since is None else time.monotonic() - since
        thread, frame = _thread_of(loop)
        return Loop(loop, _name_of(thread), is_running, blocked, _stack(frame) if blocked is not None else ())


def blocked_by(loop: asyncio.AbstractEventLoop) -> tuple[str, tuple[Place, ...]]:
    """The name of the thread of a loop that has not turned, and what it does, the innermost frame first: nothing where
    that is not known, where it waits for events and is about to turn, or where somebody looks with a debugger."""
    thread, frame = _thread_of(loop)
    modules = [one.f_globals.get("__name__") for one in _outwards(frame)]
    if not modules or modules[0] in ("selectors", "asyncio.windows_events") or {"bdb", "pdb"} & set(modules):
        return "", ()
    return _name_of(thread) or str(thread), _stack(frame)


def _name_of(thread: int | None) -> str | None:
    known = known_threads().get(thread) if thread is not None else None
    return known.name if known is not None else None


def _thread_of(loop: asyncio.AbstractEventLoop) -> tuple[int | None, types.FrameType | None]:
    """The thread that runs a loop, and what it does."""
    frames = sys._current_frames()
    thread: int | None = getattr(loop, "_thread_id", None)
    if thread is not None:
        return thread, frames.get(thread)
    # uvloop does not tell. The thread that runs a step of one of its tasks is the one.
    task = asyncio.current_task(loop)
    step = getattr(task.get_coro(), "cr_frame", None) if task is not None else None
    for thread, frame in frames.items():
        if step is not None and any(one is step for one in _outwards(frame)):
            return thread, frame
    return None, None


def _outwards(frame: types.FrameType | None) -> typing.Iterator[types.FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _stack(frame: types.FrameType | None) -> tuple[Place, ...]:
    return tuple(place_of(one) for one, _ in zip(_outwards(frame), range(_MOST_FRAMES)))
