"""A run of tests: which failure belongs to which test, and when it is told."""

from __future__ import annotations

import contextlib
import os
import typing
import warnings
from collections.abc import Generator

import pytest

from heard.monitor import stages as current
from heard.record import Failure
from heard.report.text import block, blocks
from heard.testing.listener import Allowed, Listener, exception_of, is_pending
from heard.testing.pytest import anyio, stages, workers
from heard.testing.pytest.known import Known
from heard.testing.pytest.unittest import split_phases
from heard.testing.warning import HeardWarning

#: What `pytest.fail` raises; a class that derives from it is told without a traceback.
_Failed: typing.Any = pytest.fail.Exception


class Lost(_Failed):  # type: ignore[misc]
    """Failures that nobody heard. The text is the whole report: where the plugin raises it says nothing."""

    __module__ = "heard"


Phase = typing.Literal["setup", "call", "teardown"]


class Run:
    """The plugin while it listens."""

    def __init__(self, config: pytest.Config, mode: str) -> None:
        self.config = config
        self.is_error = mode == "error"
        self.listener = Listener()
        self.allowed = Allowed.of(config.getini("heard_allow"))
        self.known = Known(config)
        self.texts: list[str] = []
        self.item: pytest.Item | None = None
        #: The process that is to see the end of the session.
        self.process = os.getpid()
        #: What was lost before the test, and is told at the end of the session.
        self.elder: frozenset[str] = frozenset()
        self.asked: set[str] = set()
        #: Warnings that the configuration makes errors of.
        self.forbidden: list[str] = []
        #: Told of what each phase of a test has lost: what counts, and what is allowed.
        self.observer: typing.Callable[[list[Failure], list[Failure]], None] | None = None
        self.listener.start()
        self.undo = [_note_reads_of_logs(self.listener), split_phases(self), anyio.give_way(self.is_error)]
        self.listener.begin(stages.COLLECTION)

    # The parts of the run.

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if hasattr(self.config, "workerinput"):
            # pytest-xdist takes an error of a worker's collection for a crash: there, the test itself ends with it.
            return
        for item in items:
            for mark in item.iter_markers("heard"):
                try:
                    _allowed(mark)
                except pytest.UsageError as error:
                    raise pytest.UsageError(f"{item.nodeid}: {error}") from error

    def pytest_unconfigure(self) -> None:
        for undo in self.undo:
            undo()
        self.listener.stop()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        __tracebackhide__ = True
        if not stages.is_long(fixturedef):
            return (yield)
        tear_down = contextlib.ExitStack()
        # What is added first is called last, and the other way round.
        fixturedef.addfinalizer(tear_down.close)
        with self.fixture(stages.of_fixture(fixturedef, "set-up")):
            try:
                return (yield)
            finally:
                stage = stages.of_fixture(fixturedef, "tear-down")
                fixturedef.addfinalizer(lambda: tear_down.enter_context(self.fixture(stage)))

    @contextlib.contextmanager
    def fixture(self, stage: str) -> Generator[None, None, None]:
        """What is born in here belongs to a fixture that outlives the test."""
        before = current.current
        self.listener.mark()
        current.current = stage
        try:
            yield
        finally:
            self.listener.mark()
            current.current = before

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        self.item = item
        self.elder = frozenset(self.listener.lost)
        self.listener.note_warnings()
        self.known.begin()
        return (yield from self.phase(item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        return (yield from self.phase(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        __tracebackhide__ = True
        try:
            return (yield from self.phase(item, "teardown"))
        finally:
            self.listener.end_test()
            self.item = None

    def phase(self, item: pytest.Item, when: Phase) -> Generator[None, object, object]:
        """Runs a phase of a test, and raises what it has lost if it has not failed anyway."""
        __tracebackhide__ = True
        self.listener.begin(stages.of_test(item.nodeid, when))
        try:
            result = yield
        except BaseException as error:
            if isinstance(error, (Exception, _Failed)):
                self.add_sections(item, when, self.losses(item, when))
            raise
        losses = self.losses(item, when)
        if losses or self.forbidden:
            self.fail(item, losses)
        return result

    # What a phase has lost.

    def losses(self, item: pytest.Item, when: Phase) -> list[Failure]:
        self.listener.look()
        mine = stages.all_of(item.nodeid)
        if when == "teardown":
            self.listener.settle("the test is over, and nobody has read it", mine)
        self.warn_of_pending(item, when)
        taken = self.listener.take_pairs(lambda failure: self.belongs(failure, mine, when))
        if item.nodeid in self.asked:
            return []
        allowed = [self.allowed, *map(_allowed, item.iter_markers("heard"))]
        kept = [pair[0] for pair in taken if not self.is_allowed(*pair, allowed)]
        if self.observer is not None:
            self.observer(kept, [pair[0] for pair in taken if pair[0] not in kept])
        return self.known.unknown(item.nodeid, kept)

    def is_allowed(self, failure: Failure, exception: BaseException | None, allowed: list[Allowed]) -> bool:
        return failure.id in self.listener.filtered or any(one.covers(failure, exception) for one in allowed)

    def belongs(self, failure: Failure, mine: frozenset[str], when: Phase) -> bool:
        if failure.event == "coroutine-never-awaited" and failure.id in self.listener.found:
            # The collector has found it, during this phase or an earlier one. Who made it is not known.
            return False
        if failure.test in mine:
            return True
        if when == "setup":
            # What the set-up of a class or a module loses on the spot fails the test that asked for it.
            return failure.test is not None and stages.is_asked_for(failure.test)
        # In a process of its own, this test is the last to tell of anything.
        return when == "teardown" and os.getpid() != self.process and failure.id not in self.elder

    def warn_of_pending(self, item: pytest.Item, when: Phase) -> None:
        """Tasks that the test has started and that run on when it is over."""
        own = stages.of_test(item.nodeid, "call")
        pending = self.listener.take(is_pending)
        # What the loop itself has started, such as the end of a generator, has no place of birth.
        mine = [failure for failure in pending if failure.test == own and failure.born]
        names = {failure.coroutine or failure.task or "?": failure for failure in mine}
        if self.observer is not None:
            self.observer(pending, [])
        for name, failure in names.items():
            if not self.allowed.covers(failure, None):
                born = f"its place of birth: {_born(failure)}"
                self.warn(item, f"the task of {name} was still running when its loop ended; {born}")
        if when != "teardown":
            return
        for task in self.listener.pending():
            if getattr(task, "_heard_stage", None) == own and not task.cancelling():
                coroutine = getattr(getattr(task, "_coro", None), "__qualname__", task.get_name())
                self.warn(item, f"the task of {coroutine} runs on when the test is over")

    def warn(self, item: pytest.Item, text: str) -> None:
        """Warns. What makes errors of all warnings makes none of this one, which is no loss: only what names it does."""
        try:
            item.warn(HeardWarning(text))
        except HeardWarning:
            if any(action == "error" and category is HeardWarning for action, _, category, *_ in warnings.filters):
                self.forbidden.append(text)
                return
            with warnings.catch_warnings():
                warnings.simplefilter("always", HeardWarning)
                item.warn(HeardWarning(text))

    def fail(self, item: pytest.Item, losses: list[Failure]) -> None:
        texts = blocks(losses)
        if not self.is_error:
            for text in texts:
                self.warn(item, text)
            texts.clear()
        elif len(losses) > 1:
            texts.insert(0, f"{len(losses)} failures that nobody hears:")
        texts += self.forbidden
        self.forbidden.clear()
        if texts:
            raise Lost("\n\n".join(texts), pytrace=False)

    def add_sections(self, item: pytest.Item, when: Phase, losses: list[Failure]) -> None:
        """The phase has failed by itself: what it has lost besides may be the reason."""
        for text in [*blocks(losses), *self.forbidden]:
            item.add_report_section(when, "heard", text)
        self.forbidden.clear()

    # What belongs to no test.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.listener.begin(stages.END)
        self.listener.note_warnings()
        self.listener.older.clear()
        self.listener.look()
        self.listener.settle("the tests are over, and nobody has read it", None)
        pairs = self.listener.take_pairs(lambda failure: not is_pending(failure))
        left = self.known.unknown("", [pair[0] for pair in pairs if not self.is_allowed(*pair, [self.allowed])])
        self.texts = [f"{block(failure)}\n  {'test':8} {failure.test or 'none'}" for failure in left]
        if left and self.is_error and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[workers.KEY] = self.texts

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        workers.show(terminalreporter, self.texts)

    # For tests.

    @pytest.fixture
    def heard_failures(self, request: pytest.FixtureRequest) -> Asked:
        """What the test has lost so far, looked up each time; what a test asks for does not fail it."""
        self.asked.add(request.node.nodeid)
        return Asked(self, request.node.nodeid)


class Asked(typing.Sequence[Failure]):
    """The failures that a test has lost so far."""

    def __init__(self, run: Run, nodeid: str) -> None:
        self._run = run
        self._stages = stages.all_of(nodeid)
        self._found: list[Failure] = []

    def _now(self) -> list[Failure]:
        self._run.listener.look()
        listener = self._run.listener
        self._found += listener.take(lambda failure: failure.test in self._stages and not is_pending(failure))
        return self._found

    def __len__(self) -> int:
        return len(self._now())

    @typing.overload
    def __getitem__(self, index: int) -> Failure: ...
    @typing.overload
    def __getitem__(self, index: slice) -> list[Failure]: ...
    def __getitem__(self, index: int | slice) -> Failure | list[Failure]:
        return self._now()[index]

    def __eq__(self, other: object) -> bool:
        return self._now() == (other._now() if isinstance(other, Asked) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._now())


def _allowed(mark: pytest.Mark) -> Allowed:
    allow = mark.kwargs.get("allow", ())
    try:
        if mark.args or set(mark.kwargs) - {"allow"} or isinstance(allow, str):
            raise TypeError("what it allows is a list, given by name")
        return Allowed.of(allow)
    except TypeError as error:
        raise pytest.UsageError(
            f"write the mark as @pytest.mark.heard(allow=['rule', 'coroutine', SomeError]): {error}"
        ) from error


def _born(failure: Failure) -> str:
    place = failure.born[0] if failure.born else None
    return f"{place.path}:{place.line}" if place is not None else "unknown"


def _note_reads_of_logs(listener: Listener) -> typing.Callable[[], None]:
    """A test that looks at what `caplog` has caught has heard what asyncio has logged."""
    fixture: typing.Any = pytest.LogCaptureFixture
    originals = {name: vars(fixture)[name] for name in ("records", "text")}

    def noting(original: property) -> property:
        def read(self: typing.Any) -> object:
            for record in self.handler.records:
                if record.name == "asyncio":
                    listener.handled(exception_of(record))
            assert original.fget is not None
            return original.fget(self)

        return property(read, doc=original.__doc__)

    for name, original in originals.items():
        setattr(fixture, name, noting(original))

    def undo() -> None:
        for name, original in originals.items():
            setattr(fixture, name, original)

    return undo
