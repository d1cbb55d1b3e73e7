"""Listening to a block of code, with pytest's plugin or without."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import typing
from collections.abc import Generator

from heard.monitor import garbage, stages
from heard.record import Failure
from heard.report.text import block as text_of
from heard.testing import listener as listening_to
from heard.testing.listener import Allowed, Listener, is_pending

_numbers = itertools.count(1)


class Block:
    """A block of code as a part of the run: what is born in it belongs to it until it ends."""

    def __init__(self, name: str) -> None:
        #: No two parts are the same, even if a test is run twice.
        self.stage = f"{name} [{next(_numbers)}]"
        running = listening_to.current()
        #: Whether nobody else listens.
        self.is_alone = running is None
        self.listener = running if running is not None else Listener()
        self.outer: str | None = None
        self.shows_warnings: object = None

    def __enter__(self) -> Block:
        if self.is_alone:
            self.listener.start()
        with contextlib.suppress(RuntimeError):
            self.listener.loops.add(asyncio.get_running_loop())
        # What is garbage by now was not lost by the block.
        garbage.collect()
        self.listener.look()
        self.outer, self.shows_warnings = stages.current, self.listener.shows_warnings
        self.listener.begin(self.stage)
        self.listener.note_warnings()
        return self

    def taken(self) -> list[tuple[Failure, BaseException | None]]:
        """What the block has lost by now, each with its exception, once. Only what is unread may still be read."""
        garbage.collect()
        self.listener.look()
        self.listener.settle("the block is over, and nobody has read it", [self.stage])
        return self.listener.take_pairs(lambda failure: failure.test == self.stage and not is_pending(failure))

    def __exit__(self, *_: object) -> None:
        self.listener.mark()
        for task in self.listener.pending():
            if getattr(task, "_heard_stage", None) == self.stage:
                # It runs on, and is from now on the affair of whoever comes after the block.
                typing.cast(typing.Any, task)._heard_stage = self.outer
        stages.current, self.listener.shows_warnings = self.outer, self.shows_warnings
        if self.is_alone:
            self.listener.stop()


@contextlib.contextmanager
def listening() -> Generator[list[Failure], None, None]:
    """Hears every failure that the block loses, without pytest as well as with it. Gives a list, which is filled when
    the block ends: by then a failure is lost if nobody has read it.

    Tasks that still run then are not judged. Under the pytest plugin, what the list has does not fail the test.
    A monitor that `heard.install` has put in place says nothing of the block.

        >>> async def main():
        ...     asyncio.ensure_future(fetch())
        ...     await asyncio.sleep(0.01)
        >>> async def fetch():
        ...     raise LookupError("no such page")
        >>> with heard.testing.listening() as failures:
        ...     asyncio.run(main())
        >>> [(failure.coroutine, failure.exception.type) for failure in failures]
        [('fetch', 'LookupError')]
    """
    failures: list[Failure] = []
    with Block("a block that listens") as block:
        try:
            yield failures
        finally:
            failures += [failure for failure, _ in block.taken()]


Expected = type[BaseException] | str


@contextlib.contextmanager
def expect_lost(*expected: Expected) -> Generator[None, None, None]:
    """Asserts that the block loses a failure of each of these, and takes those off the list, so that they fail nothing.

    Each of `expected` is a class of exceptions, or the name of a rule, of an event, a coroutine or a task, for what has
    no exception. What else the block loses stays what it is to `listening`, `HeardTestCase` or the pytest plugin;
    where none of them listens, it is an `AssertionError` too. An exception that leaves the block goes on, and nothing
    is asserted then.

    Raises `AssertionError` where one of them is not lost, and `TypeError` if there is none, or one is neither.

        >>> async def main():
        ...     asyncio.ensure_future(fetch())
        ...     await asyncio.sleep(0.01)
        >>> async def fetch():
        ...     raise LookupError("no such page")
        >>> with heard.testing.expect_lost(LookupError):
        ...     asyncio.run(main())
        >>> with heard.testing.expect_lost(OSError):
        ...     pass
        Traceback (most recent call last):
        AssertionError: OSError was not lost in the block, which has lost nothing
    """
    if not expected:
        raise TypeError("expect_lost needs a class of exceptions, or the name of a rule, a coroutine or a task")
    try:
        Allowed.of(expected)
    except TypeError as error:
        raise TypeError(f"expect_lost: {error}") from None
    with Block("a block that is to lose something") as block:
        is_over = False
        try:
            yield
            is_over = True
        finally:
            pairs = block.taken()
            others = [pair for pair in pairs if not is_over or not any(_is(one, *pair) for one in expected)]
            stages.current = block.outer
            for failure, exception in others:
                block.listener.give_back(failure, exception)
    missing = [one for one in expected if not any(_is(one, *pair) for pair in pairs)]
    if missing:
        names = ", ".join(one if isinstance(one, str) else one.__name__ for one in missing)
        raise AssertionError(f"{names} was not lost in the block, which has lost{_said(pairs)}")
    if others and block.is_alone:
        raise AssertionError(f"the block has also lost{_said(others)}")


def _is(expected: Expected, failure: Failure, exception: BaseException | None) -> bool:
    return Allowed.of([expected]).covers(failure, exception)


def _said(pairs: list[tuple[Failure, BaseException | None]]) -> str:
    return ":" + "".join(f"\n\n{text_of(failure)}" for failure, _ in pairs) if pairs else " nothing"
