"""What programs call. It imports the monitor when it is first needed."""

from __future__ import annotations

import typing
from collections.abc import Callable, Coroutine, Iterable

if typing.TYPE_CHECKING:
    import asyncio

    from heard.exporters import Exporter
    from heard.record import Event, Failure, Stats, Verdict
    from heard.settings import Ignore

T = typing.TypeVar("T")


def install(
    *,
    grace: float = 1.0,
    escalate: float = 60.0,
    birth_frames: int = 4,
    origins: int = 0,
    ignore: Ignore | Iterable[Ignore] = (),
    report: Callable[[Failure], object] | None = None,
    json: str | int | None = None,
    exporters: Iterable[Exporter] = (),
    watch: bool | str | None = None,
) -> None:
    """Reports every failure of asyncio that nobody hears, from now on.

    It may be called before or inside a running loop, and again: with the same arguments it does nothing, with others
    it starts anew.

    `grace`: seconds in which somebody who holds a failed task may still read it.
    `escalate`: seconds after which a failure that was reported as unread counts as lost.
    `birth_frames`: how many frames of the place where a task is made are kept, at most 8.
    `origins`: how many frames of the place where a coroutine is made Python keeps; this costs something a coroutine.
    `ignore`: exception types, names of coroutines, tasks or exceptions, or functions that are given the `Failure`.
    `report`: called with every `Failure`, instead of the logger `heard`; perhaps in another thread.
    `json`: the file, or the descriptor, that every record is appended to as a line of JSON.
    `exporters`: what every record is given to as well, in a thread of its own: see `heard.exporters`.
    `watch`: whether `heard top` may read what runs, through a socket that is this user's alone, or the folder for that
    socket; loops that do not turn, and tasks that become more and more, are logged then. Without it, the variable
    `HEARD_WATCH` of the environment says so: `1`, or the folder.
    """
    from heard.monitor import install as monitor
    from heard.settings import Settings, ignores_of

    settings = Settings(
        grace, escalate, birth_frames, origins, ignores_of(ignore), report, json, None, tuple(exporters), watch
    )
    monitor.install(settings.checked())


def uninstall() -> None:
    """Takes the monitor out. It leaves no trace."""
    from heard.monitor import install as monitor

    monitor.uninstall()


def run(
    main: Coroutine[typing.Any, typing.Any, T],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> T:
    """`asyncio.run` with the monitor on. Raises the failure that a task with `on_failure="abort"` ended it with."""
    import asyncio

    from heard.monitor import install as monitor
    from heard.work import abort

    if monitor.current() is None:
        install()
    aborted: BaseException | None = None
    try:
        with asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
            try:
                return runner.run(main)
            finally:
                aborted = abort.aborted_by(runner.get_loop())
    finally:
        if aborted is not None:
            # Not the cancellation of main: that is but how the failure has ended it.
            raise aborted


def failures() -> list[Failure]:
    """The records since `install`: the last thousand."""
    from heard.monitor import install as monitor

    return monitor.failures()


def stats() -> Stats:
    """How many there were since `install`."""
    from heard.monitor import install as monitor

    return monitor.stats()


def totals() -> dict[tuple[Event, str, Verdict | None], int]:
    """How many there were since `install` of each event, rule and verdict of the first report. They never fall."""
    from heard.monitor import install as monitor

    return monitor.totals()
