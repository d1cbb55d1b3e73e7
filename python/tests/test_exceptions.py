"""Exceptions whose own attributes and methods raise or lie: what is said of them, and how their program ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import textwrap
import typing
from collections.abc import Callable

import pytest
from conftest import Finished, elapse

import heard

Launch = Callable[..., Finished]


def broken(*_: object, **__: object) -> typing.NoReturn:
    raise RuntimeError("broken")


METHODS = (
    "__str__", "__repr__", "__eq__", "__hash__", "__bool__", "__len__", "__reduce__", "__reduce_ex__", "__setattr__",
    "__getattr__", "__getattribute__", "__dir__", "__format__", "add_note", "with_traceback",
)  # fmt: skip
ATTRIBUTES = (
    "__class__", "__traceback__", "__cause__", "__context__", "__suppress_context__", "__notes__", "args", "__dict__",
)  # fmt: skip
LIES: dict[str, dict[str, object]] = {
    "a cancellation": {"__class__": asyncio.CancelledError},
    "an exit": {"__class__": SystemExit},
    "a group": {"__class__": ExceptionGroup},
    "a number": {"__class__": int},
    "no traceback": {"__traceback__": None},
    "a traceback": {"__traceback__": 5},
    "notes": {"__notes__": 5},
    "a text": {"__str__": lambda self: 5},
    "false": {"__bool__": lambda self: False, "__len__": lambda self: 0},
    "equal to all": {"__eq__": lambda self, other: True, "__hash__": lambda self: 1},
}


class Incomparable(type):
    """A class of classes that cannot be compared."""

    __eq__ = __hash__ = broken


def kinds() -> dict[str, type[Exception]]:
    made: dict[str, dict[str, object]] = {f"{name} raises": {name: broken} for name in METHODS}
    made |= {f"{name} raises": {name: property(broken)} for name in ATTRIBUTES}
    made |= {f"says that it is {what}": lie for what, lie in LIES.items()}
    found = {name: type("Odd", (Exception,), body) for name, body in made.items()}
    return found | {"its class is incomparable": Incomparable("Odd", (Exception,), {})}


KINDS = kinds()


@pytest.mark.parametrize("name", KINDS)
def test_it_is_lost(name: str, records: list[heard.Failure], capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[object] = []

    def fail_now() -> None:
        raise KINDS[name]

    async def fail() -> None:
        await asyncio.sleep(0)
        fail_now()

    async def waits() -> None:
        waiting = [asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(5))]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        waiting.pop().cancel()

    async def main() -> None:
        asyncio.create_task(fail())
        kept.append(asyncio.create_task(fail(), name="kept"))
        await asyncio.gather(asyncio.sleep(0), fail(), return_exceptions=True)
        asyncio.shield(fail())
        await waits()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(fail_now)
        await elapse(2)

    asyncio.run(main())
    assert sorted((record.event, record.verdict, record.task == "kept") for record in records) == [
        ("outcomes-ignored", "lost", False),
        ("task-failed", "lost", False),
        ("task-failed", "lost", False),
        ("task-failed", "lost", False),
        ("task-failed", "unread", True),
        ("thread-future-failed", "lost", False),
    ]
    for record in records:
        # Whatever its class says, it is known what it is and where it was raised.
        assert record.exception is not None and record.exception.type.endswith("Odd")
        assert "fail_now" in [place.function for place in record.exception.traceback]
    assert "heard" not in capsys.readouterr().err


@pytest.mark.parametrize("name", KINDS)
def test_the_primitives_tell_of_it(name: str, records: list[heard.Failure]) -> None:
    async def fail() -> None:
        raise KINDS[name]

    async def main() -> None:
        heard.spawn(fail())
        await heard.drain()
        group = heard.Group(on_failure="report")
        async with group:
            group.create_task(fail())

    asyncio.run(main())
    assert [record.event for record in records] == ["spawn-failed", "child-failed"]


@pytest.mark.parametrize(
    "body", ["__traceback__ = None", "__traceback__ = property()", "def __setattr__(self, *_): raise RuntimeError"]
)
def test_a_program_ends_with_it_as_ever(body: str, launch: Launch) -> None:
    source = f"""
    class Odd(Exception):
        {body}
    raise Odd("end")
    """
    plain = launch(textwrap.dedent(source))
    monitored = launch(textwrap.dedent(source), "-m", "heard", "run")
    assert (monitored.code, monitored.out, monitored.err) == (plain.code, plain.out, plain.err)
    assert "Odd" in plain.err
