"""What an outcome is beyond its native part: where it comes from, and what happens to a failure that nobody reads."""

from __future__ import annotations

import asyncio
import sys
import typing

from heard.work import told
from heard.work.looks import is_match, is_test
from heard.record import Place
from heard._native import Ok, Outcome

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

    from heard._native import I, V

    #: What type checkers know of an outcome: it is one of two, so a `match` that forgets the failure is an error.
    Either: typing.TypeAlias = Ok[V, I] | "Err[I]"


class ChildCancelled(Exception):
    """Work was cancelled whose value was asked for.

    It is no `CancelledError`: the task that asks is not cancelled. Its cause is the cancellation of the work.
    """


class Origin:
    """What ran, and where that was asked for."""

    __slots__ = ("coroutine", "loop", "name", "site", "what")

    def __init__(
        self,
        what: str,
        name: str,
        site: int,
        coroutine: str | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        #: The function that gives the outcome.
        self.what = what
        self.name = name
        self.site = site
        self.coroutine = coroutine
        self.loop = loop

    @property
    def born(self) -> tuple[Place, ...]:
        return told.born(self.site)


class _Matchable(type):
    """Sees a `case Err():`, which handles the failure without asking for anything of it."""

    def __instancecheck__(cls, instance: object) -> bool:
        found = super().__instancecheck__(instance)
        if found and is_match(sys._getframe(1)):
            typing.cast("Outcome[typing.Any, typing.Any]", instance)._read()
        return found


class Err(Outcome[typing.Never, "I"], metaclass=_Matchable):
    """The outcome of work that has failed or was cancelled. It is matched by `Err(error)`."""

    __slots__ = ()
    __match_args__ = ("error",)

    if typing.TYPE_CHECKING:

        @property
        def ok(self) -> typing.Literal[False]: ...

    @property
    def error(self) -> BaseException:
        """The failure. Whoever only asks whether there is one, as in `error is None`, has not read it."""
        if not is_test(sys._getframe(1)):
            self._read()
        return self._failure


class _Failed(Err[typing.Any]):
    """A failure, which says so when nobody has read it: those with a value do not pay for that."""

    __slots__ = ()

    def __new__(cls, index: int, given: object, origin: Origin, error: BaseException) -> _Failed:
        made: _Failed = super().__new__(cls, index, given, origin, "failure", error)
        return made

    def __init__(self, *_: object) -> None:
        pass

    def __del__(self) -> None:
        error = self._unread
        if error is not None:
            why = f"its outcome {self.index} of {self._origin.what} went out of use, and nobody had read it"
            tell_unread(error, self._origin, why)


_Failed.__name__ = _Failed.__qualname__ = "Err"
failed = _Failed


def cancelled(index: int, given: object, origin: Origin, error: BaseException) -> Err[typing.Any]:
    """The outcome of work that was cancelled."""
    raised = ChildCancelled(f"{origin.name} was cancelled")
    raised.__cause__ = error
    return Err(index, given, origin, "cancelled", raised)


def tell_unread(error: BaseException, origin: Origin, why: str) -> None:
    """Reports a failure whose outcome nobody has read, or can read any more."""
    told.tell(
        "outcome-unread",
        error,
        rule="unread-gather",
        lost=True,
        site=origin.site,
        task=origin.name,
        coroutine=origin.coroutine,
        why=why,
        loop=origin.loop,
    )


def split(outcomes: Iterable[Either[V, I]]) -> tuple[list[V], list[Err[I]]]:
    """Parts outcomes into the values and the outcomes without one, both in their order.

    That does not read the failures: what is done with them is up to the caller, who knows from each which input it
    was. Outcomes of cancelled work are among them.

    >>> async def half(n: int) -> int:
    ...     if n % 2:
    ...         raise ValueError(f"{n} is odd")
    ...     return n // 2
    >>> async def main() -> None:
    ...     values, failures = heard.split(await heard.outcomes(map(half, range(5))))
    ...     print(values, [str(failure.error) for failure in failures])
    >>> asyncio.run(main())
    [0, 1, 2] ['1 is odd', '3 is odd']
    """
    values: list[V] = []
    failures: list[Err[I]] = []
    for outcome in outcomes:
        if isinstance(outcome, Err):
            failures.append(outcome)
        else:
            values.append(outcome.unwrap())
    return values, failures
