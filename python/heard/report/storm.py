"""Many failures of one kind: the first in full, then how many there were."""

from __future__ import annotations

import time
import typing

if typing.TYPE_CHECKING:
    from heard.record import Failure

#: Reports of one kind that are shown in full within a window.
_FULL_OF_A_KIND = 3
#: Reports of any kind that are shown in full within a window.
_FULL = 50
#: Seconds.
_WINDOW = 10.0
#: Kinds that are told apart at once.
_KINDS = 1000


class _Kind:
    """Reports that differ in nothing but their moment."""

    __slots__ = ("last", "level", "more", "shown", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.shown = 0
        #: Those that were not shown, and one of them without its traceback.
        self.more = 0
        self.last: Failure | None = None
        self.level = 0


class Storm:
    """Decides which reports are shown."""

    def __init__(self) -> None:
        self.kinds: dict[typing.Hashable, _Kind] = {}
        self.window = 0.0
        self.full = 0

    def admits(self, key: typing.Hashable) -> bool:
        """Whether a report of this kind is shown in full; if not, it is counted."""
        now = time.monotonic()
        if now - self.window > _WINDOW:
            self.window, self.full = now, 0
        kind = self.kinds.get(key)
        if kind is None:
            if len(self.kinds) >= _KINDS:
                key = None
            kind = self.kinds.setdefault(key, _Kind(now))
        if not kind.more and now - kind.since > _WINDOW:
            kind.since, kind.shown = now, 0
        if kind.shown < _FULL_OF_A_KIND and self.full < _FULL:
            kind.shown += 1
            self.full += 1
            return True
        kind.more += 1
        return False

    def wants_sample(self, key: typing.Hashable) -> bool:
        """Whether there is no record yet that stands for those of the kind that are not shown."""
        kind = self.kinds.get(key) or self.kinds.get(None)
        return kind is not None and kind.last is None

    def keep_sample(self, key: typing.Hashable, sample: Failure, level: int) -> None:
        """Keeps one record for the kind, to say what there were more of."""
        kind = self.kinds.get(key) or self.kinds.get(None)
        if kind is not None and kind.last is None:
            kind.last, kind.level = sample, level

    def due(self, at_end: bool = False) -> list[tuple[Failure, int]]:
        """A record, with its level, for every kind of which there were more, when their window is over."""
        from dataclasses import replace

        now = time.monotonic()
        records = []
        for key, kind in list(self.kinds.items()):
            if kind.more and kind.last is not None and (at_end or now - kind.since > _WINDOW):
                records.append((replace(kind.last, repeated=kind.more), kind.level))
                kind.since, kind.shown, kind.more, kind.last = now, 0, 0, None
            elif not kind.more and now - kind.since > 2 * _WINDOW:
                self.kinds.pop(key, None)
        return records

    def pending(self) -> bool:
        """Whether something was counted and not told yet."""
        return any(kind.more for kind in list(self.kinds.values()))

    def forget(self) -> None:
        """What was counted is somebody else's to tell."""
        self.kinds.clear()
        self.window, self.full = 0.0, 0
