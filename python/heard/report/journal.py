"""JSON lines: one record a line, one write a record."""

from __future__ import annotations

import os
import stat
import sys
import threading
import typing

if typing.TYPE_CHECKING:
    from heard.record import Failure

#: Our own descriptors are out of the way of programs that count on the next free number.
_FIRST_DESCRIPTOR = 100

Identity = tuple[int, int]


def identity(descriptor: int) -> Identity:
    """Which file a descriptor is open for: its device and its number there. Raises `OSError` if it is not open."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def for_children(target: str | int | None) -> dict[str, typing.Any]:
    """The settings by which other processes write to the same file.

    The number of a descriptor means another file there, or none. What has a path is named by it; a pipe or a socket
    is told by its identity, for those children that inherit it.
    """
    if not isinstance(target, int):
        return {"json": target}
    path = _path_of(target)
    return {"json": path} if path is not None else {"json": target, "json_file": identity(target)}


def _path_of(descriptor: int) -> str | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            path = os.readlink(f"{folder}/{descriptor}")
            there = os.stat(path)
        except OSError:
            continue
        if (there.st_dev, there.st_ino) == identity(descriptor):
            return path
    return None


class Journal:
    """A file that is only ever appended to, by any number of processes. Nothing that happens to it is raised."""

    def __init__(self, target: str | int, file: Identity | None = None) -> None:
        #: A descriptor of this process's, or a path, which stays the same when the program changes its directory.
        self.target = target if isinstance(target, int) else os.path.abspath(target)
        #: What the descriptor that is written to must be open for.
        self.file = file
        #: Held while a line is written: reports come from any thread.
        self.lock = threading.Lock()
        self.descriptor: int | None = None
        #: Whether the last line is not complete.
        self.torn = False
        self.said: set[str] = set()
        if isinstance(target, int):
            self._keep(target)

    def _keep(self, number: int) -> None:
        """A handle of our own: the program may close its, and give the number to another file."""
        try:
            is_it = self.file in (None, identity(number))
            handle = _duplicate(number) if is_it else None
        except OSError:
            handle = None
        if handle is not None:
            self.descriptor, self.file = handle, identity(handle)

    def write(self, failure: Failure) -> None:
        import json

        line = json.dumps(failure.as_dict(), ensure_ascii=False, separators=(",", ":"), default=str) + "\n"
        content = line.encode("utf-8", "backslashreplace")
        with self.lock:
            try:
                descriptor = self._open()
                if descriptor is None:
                    self._say("it is not open in this process")
                    return
                rest = memoryview(b"\n" + content if self.torn else content)
                while rest:
                    written = os.write(descriptor, rest)
                    self.torn = written < len(rest)
                    rest = rest[written:]
            except OSError as error:
                self._say(error.strerror or type(error).__name__)

    def _open(self) -> int | None:
        self.descriptor = self._still_open()
        if self.descriptor is None and isinstance(self.target, str):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            opened = os.open(self.target, flags, 0o644)
            try:
                self.descriptor = _duplicate(opened)
            finally:
                os.close(opened)
            self.file = identity(self.descriptor)
        return self.descriptor

    def _still_open(self) -> int | None:
        """The descriptor, if it is open for that file: some programs close all that they do not know."""
        try:
            return self.descriptor if self.descriptor is not None and identity(self.descriptor) == self.file else None
        except OSError:
            return None

    def _say(self, why: str) -> None:
        """Once for each reason: the reports go on where they can, and a full disk must not hide them."""
        if why in self.said:
            return
        self.said.add(why)
        name = f"descriptor {self.target}" if isinstance(self.target, int) else self.target
        if sys.stderr is not None:
            sys.stderr.write(f"heard: cannot write the records of process {os.getpid()} to {name}: {why}\n")

    def after_fork_in_child(self) -> None:
        # Another thread of the parent may have held it, and does not run here.
        self.lock = threading.Lock()

    def close(self) -> None:
        descriptor, self.descriptor = self._still_open(), None
        if descriptor is not None:
            os.close(descriptor)


def _duplicate(descriptor: int) -> int:
    try:
        import fcntl

        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
    except (ImportError, OSError):
        return os.dup(descriptor)
