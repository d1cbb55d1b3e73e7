"""What `install` was asked for."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterable

if typing.TYPE_CHECKING:
    from heard.exporters import Exporter
    from heard.record import Failure
    from heard.testing.listener import Listener

Ignore: typing.TypeAlias = "type[BaseException] | str | Callable[[Failure], bool]"


class Settings(typing.NamedTuple):
    """Not a data class: those take longer to make than all else that a child imports for its settings."""

    #: Seconds in which somebody who holds a failed task may still read it.
    grace: float = 1.0
    #: Seconds after which a failure that was reported as unread counts as lost.
    escalate: float = 60.0
    #: How many frames of the place of birth are kept.
    birth_frames: int = 4
    #: How many frames of the place where a coroutine is made are kept. Python keeps them, at a price a coroutine.
    origins: int = 0
    #: What is not reported: exception types, names of coroutines, or functions of a `Failure`.
    ignore: tuple[Ignore, ...] = ()
    #: Called with every record, instead of the logger.
    report: Callable[[Failure], object] | None = None
    #: Where JSON lines go.
    json: str | int | None = None
    #: The device and the number of the file that the descriptor `json` is open for, where another process says so.
    json_file: tuple[int, int] | None = None
    #: What every record is given to as well, in a thread of their own.
    exporters: tuple[Exporter, ...] = ()
    #: Whether `heard top` may read what runs, or the folder for its socket; `None`: as the environment says.
    watch: bool | str | None = None
    #: Told of every failure in place of the logger, while tests run.
    listener: Listener | None = None

    def checked(self) -> Settings:
        """These settings. Raises `ValueError` if they cannot be."""
        for name in ("grace", "escalate"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ValueError(f"{name} is a number of seconds, 0 or more, not {seconds}")
        for name in ("birth_frames", "origins"):
            frames = getattr(self, name)
            if frames < 0:
                raise ValueError(f"{name} is a number of frames, 0 or more, not {frames}")
        if self.exporters:
            from heard import exporters

            for exporter in self.exporters:
                if not isinstance(exporter, exporters.Exporter):
                    raise ValueError(f"exporters are objects of `heard.exporters.Exporter`, and {exporter!r} is none")
        return self

    def ignores(self, failure: Failure, exception: BaseException | None) -> bool:
        for ignored in self.ignore:
            if isinstance(ignored, str):
                found = (
                    ignored in (failure.coroutine, failure.task)
                    or exception is not None
                    and (ignored == type(exception).__name__ or ignored in _wrapped_names(exception))
                )
            elif isinstance(ignored, type):
                found = exception is not None and issubclass(type(exception), ignored)
            else:
                found = bool(ignored(failure))
            if found:
                return True
        return False


def _wrapped_names(exception: BaseException) -> list[str]:
    from heard.monitor import places

    # A task factory of the program's, or a decorator, may have put a coroutine of its own around the one that is meant.
    return places.wrapped_names(exception)


def ignores_of(ignore: Ignore | Iterable[Ignore]) -> tuple[Ignore, ...]:
    return tuple(ignore) if isinstance(ignore, Iterable) and not isinstance(ignore, (str, type)) else (ignore,)
