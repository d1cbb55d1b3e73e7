"""JSON lines: one record a line, one write a record."""

from __future__ import annotations

import json
import os
import threading

from heard.record import Failure


class Journal:
    """A file that is only ever appended to, by any number of processes."""

    def __init__(self, target: str | int) -> None:
        self.target = target
        #: Held while a line is written: reports come from any thread.
        self.lock = threading.Lock()
        self.descriptor: int | None = None
        self.process = 0

    def write(self, failure: Failure) -> None:
        line = json.dumps(failure.as_dict(), ensure_ascii=False, separators=(",", ":"), default=str) + "\n"
        rest = memoryview(line.encode("utf-8", "backslashreplace"))
        with self.lock:
            descriptor = self._open()
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    def _open(self) -> int:
        if isinstance(self.target, int):
            return self.target
        if self.descriptor is None or self.process != os.getpid():
            # A child that was forked has a handle of its own.
            self.descriptor = os.open(
                self.target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644
            )
            self.process = os.getpid()
        return self.descriptor

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)
