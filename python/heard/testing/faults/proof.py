"""Whether what `heard check` finds is so: which failure shows it, and what came of that."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator

from heard.record import Place
from heard.testing.faults.findings import HANDLERS, Finding
from heard.testing.faults.mark import is_in
from heard.testing.faults.order import Order
from heard.testing.faults.point import Point
from heard.testing.faults.result import Ran
from heard.testing.faults.source import function_lines, guarded_lines, names_in

#: The failure came and nobody heard it; somebody did; or no test comes by.
Verdict = typing.Literal["proved", "heard", "not reached"]

#: What only a cancellation shows.
_CANCELLED = frozenset(
    {"cancelled-as-success", "swallowed-cancellation", "raising-callback", "unguarded-future-resolve"}
)
#: What is there without any failure: a test that comes by has it.
_SEEN = frozenset(
    {
        *("unawaited-coroutine", "coroutine-as-value", "async-function-as-callback", "async-generator-misuse"),
        *("unfinished-at-exit", "abandoned-pending", "coroutine-in-wait", "async-test-never-run"),
        *("misordered-results", "silenced-diagnostics"),
    }
)
#: Done callbacks: it is any task that shows what they do.
_CALLBACKS = frozenset({"muted-callback", "raising-callback", "unguarded-future-resolve"})
#: Where somebody reads the failure and lets it go, so that the monitor has nothing to report.
_READ = _CALLBACKS | {"cancelled-as-success", "first-of-group"}
#: Where it does not matter whether somebody hears a failure, but when.
WHEN = frozenset({"late-task"})
#: What a run says at the end, of the events that tell of work that did not end.
_UNFINISHED = frozenset({"task-pending-at-exit", "task-destroyed"})

#: What fails in the place of the program's own failure: nobody expects the first, and many expect the second.
_FAILURES = ("RuntimeError", "ConnectionError")
#: Trials for a finding in one test.
_MOST = 10


@dataclasses.dataclass
class Proof:
    """The verdict on a finding."""

    finding: Finding
    verdict: Verdict
    #: What shows it, or who heard, or why it is not known, in a few words.
    detail: str
    test: str | None = None
    #: What was injected, and where. `None` where the test shows it as it is.
    failure: str | None = None
    point: Point | None = None

    def as_dict(self) -> dict[str, typing.Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, typing.Any]) -> Proof:
        point = Point.from_dict(data["point"]) if data["point"] is not None else None
        fields: dict[str, typing.Any] = {**data, "finding": Finding.from_dict(data["finding"]), "point": point}
        return cls(**fields)


def asked(findings: list[Finding]) -> Order:
    """What the tests are asked when they run as they are."""
    lines = {finding.witness for finding in findings if finding.witness is not None}
    own = {(one.path, line) for one in findings for line in range(one.line, one.end_line + 1)}
    functions = frozenset().union(*(names_in(one) for one in findings if one.rule == "unread-thread-future"))
    return Order(functions=functions, lines=frozenset(lines), asked=frozenset(own))


def reaches(finding: Finding, ran: Ran) -> bool:
    """Whether a test comes by the place of a finding. A handler is reached with what it guards."""
    lines = guarded_lines(finding) if finding.rule in HANDLERS else range(finding.line, finding.end_line + 1)
    if any(path == finding.path and line in lines for path, line in ran.lines):
        return True
    return any(place.path == finding.path and place.line in lines for point in ran.points for place in _of(point))


def seen(finding: Finding, ran: Ran) -> str | None:
    """What a test shows of a finding as it is."""
    for loss in ran.losses:
        if finding.rule in _SEEN | _CANCELLED or loss["event"] not in _UNFINISHED:
            if loss["verdict"] != "retracted" and _is_of(finding, loss):
                return _told(loss)
    if finding.rule == "misordered-results" and any(map(finding.names, ran.disordered)):
        return "the work ends in another order than it begins, and the test does not see it"
    if finding.rule == "abandoned-pending" and any(map(finding.names, ran.left)):
        return "tasks run on when the coroutine that has started them is over"
    if finding.rule == "silenced-diagnostics" and ran.is_silenced:
        return "asyncio says of no error when the test is over"
    return None


def orders(finding: Finding, ran: Ran) -> Iterator[Order]:
    """The failures that may show it, the surest first."""
    if finding.rule in _SEEN:
        return
    failures = ("cancel",) if finding.rule in _CANCELLED else _FAILURES
    if finding.rule == "lost-sibling-failure":
        # Two tasks of one line are one point, which is passed twice.
        siblings = [point for point in ran.points if point.kind == "task" and point.by and finding.names(point.by)]
        for failure in failures:
            yield Order(tuple(siblings[:2]), failure)
        return
    points = list(dict.fromkeys(ran.points))
    own = frozenset((finding.path, line) for line in range(finding.line, finding.end_line + 1))
    for point in _candidates(finding, points, ran)[:_MOST]:
        for failure in failures:
            yield Order((point,), failure, asked=own)


def _candidates(finding: Finding, points: list[Point], ran: Ran) -> list[Point]:
    """The witness, then what fails within the work."""
    if finding.rule in HANDLERS and finding.rule not in _CALLBACKS:
        lines = guarded_lines(finding)
        near = [point for point in points if any(_is_in(place, finding.path, lines) for place in _of(point)[:1])]
        return sorted(near, key=lambda point: not _is_witness(finding, point))
    names = names_in(finding)
    # The tasks that the lines of the finding wait for or have.
    births = {birth for path, line, birth in ran.work if finding.names(Place(path, line, ""))}
    # The functions in which something can fail.
    fails = [point for point in points if point.kind != "line" or _is_witness(finding, point)]
    inner = {(place.path, place.function) for point in fails for place in _of(point)[:1]}
    first: list[Point] = []
    then: list[Point] = []
    for point in points:
        begins = point.by is not None and (finding.names(point.by) or point.by in births)
        within = point.task is not None and (finding.names(point.task) or point.task in births)
        named = point.by is None and point.place.function.rpartition(".")[2] in names
        # A coroutine that fails when it begins does so before its own handlers, and shows nothing of what they hear.
        is_begun = point.kind in ("task", "call") and (point.place.path, point.place.function) in inner
        if _is_witness(finding, point) and (within or point.task is None or finding.rule in _CALLBACKS):
            first.append(point)
        elif not is_begun and (within and point.kind != "line" or point.kind in ("task", "function") and (begins or named)):
            then.append(point)
    return first + then


def judge(finding: Finding, ran: Ran) -> tuple[Verdict, str] | None:
    """What a run with a failure shows of a finding; nothing where the failure went elsewhere."""
    for loss in ran.losses:
        if (is_in(loss["exception"]) or finding.rule in _CANCELLED) and _is_of(finding, loss):
            return "proved", _told(loss)
    if not ran.came or any(is_in(loss["exception"]) for loss in ran.losses):
        return None
    if finding.rule in _CALLBACKS and not any(path == finding.path for path, _ in ran.touched):
        return None
    listeners = [heard for heard in ran.heard if heard.by not in ("outcome", "end")]
    if listeners:
        return None if finding.rule in WHEN else ("heard", listeners[0].detail)
    place = ran.handled_at
    if finding.rule in HANDLERS - _CALLBACKS:
        # Another handler is another's affair.
        if place is None or not (finding.is_at(place) or _is_in(place, finding.path, function_lines(finding))):
            return None
        return "proved", f"swallowed in {place.function}, line {place.line}"
    if finding.rule in _READ:
        return "proved", "the failure came, and nobody is told of it"
    # Some other code has handled it, and nothing of it got as far as the finding.
    return None


def _is_of(finding: Finding, loss: dict[str, typing.Any]) -> bool:
    born = [Place(**place) for place in loss["born"]]
    if any(map(finding.names, born)):
        return True
    raised = loss["exception"]
    lines = function_lines(finding)
    if finding.rule in _CALLBACKS and loss["event"] == "callback-raised" and raised is not None:
        return any(_is_in(Place(**place), finding.path, lines) for place in raised["traceback"])
    if loss["event"] == "task-swallowed-cancel" and finding.rule == "swallowed-cancellation":
        name = (loss["coroutine"] or "").rpartition(".")[2]
        return not born or name != "" or any(_is_in(place, finding.path, lines) for place in born)
    names = names_in(finding)
    return not born and (loss["coroutine"] or "").rpartition(".")[2] in names


def _told(loss: dict[str, typing.Any]) -> str:
    from heard.report.text import headline

    head = headline(loss["event"], loss["task"], loss["coroutine"])
    return head.removesuffix(", and nobody hears it") + (f": {loss['why']}" if loss["why"] else "")


def _is_witness(finding: Finding, point: Point) -> bool:
    if finding.witness is None:
        return False
    place = point.place if point.kind in ("line", "await") else point.by
    return place is not None and (place.path, place.line) == finding.witness


def _is_in(place: Place, path: str, lines: range) -> bool:
    return place.path == path and place.line in lines


def _of(point: Point) -> list[Place]:
    """The lines of the program that run when a point is passed."""
    return [place for place in ((point.by if point.kind in ("call", "task") else point.place), point.task) if place]
