"""Answers those who connect with what runs now, in a thread of its own, which waits without work until somebody does."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import threading
import time
import typing
from collections.abc import Callable

from heard.report import log
from heard.watch import place

#: Seconds within which somebody who connects has to take the answer.
_PATIENCE = 2.0
#: An answer may take up one part in so many of the time, so that eager readers do not slow the program down.
_SHARE = 10
#: Seconds that a fork or the end of the program waits for the thread.
_STOP_PATIENCE = 0.5
_WAITING = 4


class Server:
    """The socket of this process, and the thread behind it."""

    def __init__(self, folder: str, answer: Callable[[], dict[str, typing.Any]]) -> None:
        self.folder = folder
        self.answer = answer
        self.listener: socket.socket | None = None
        self.path = ""
        self.thread: threading.Thread | None = None
        #: Closed to wake the thread up for its end.
        self.stop_reading, self.stop_writing = -1, -1

    def open(self) -> None:
        """Opens the socket. Where that cannot be done, says why: the program goes on without."""
        if not hasattr(socket, "AF_UNIX"):
            log.say("This process cannot be watched: Python has no unix sockets on this system.")
            return
        path = place.path_of(self.folder, os.getpid())
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            place.make_folder(self.folder)
            place.clear(self.folder)
            # An earlier process of this number may have been killed.
            place.remove(path)
            listener.bind(path)
            os.chmod(path, 0o600)
            listener.listen(_WAITING)
            listener.setblocking(False)
        except (OSError, place.Refused) as error:
            listener.close()
            log.say("This process cannot be watched: its socket %s cannot be opened: %s", path, error)
            return
        self.listener, self.path = listener, path
        self.start()

    def start(self) -> None:
        if self.listener is None or self.thread is not None:
            return
        self.stop_reading, self.stop_writing = os.pipe()
        thread = threading.Thread(
            target=self._serve, args=(self.listener, self.stop_reading), name="heard watch", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is ending, or there is no room for another thread.
            self._close_pipe()
            return
        self.thread = thread

    def stop(self) -> None:
        """Ends the thread, and leaves the socket: who connects meanwhile waits."""
        thread, self.thread = self.thread, None
        if thread is None:
            return
        _close(self.stop_writing)
        self.stop_writing = -1
        thread.join(_STOP_PATIENCE)
        if not thread.is_alive():
            # The thread has closed it.
            self.stop_reading = -1
            _wait_for_the_system(thread)

    def close(self) -> None:
        """Ends the thread, and removes the socket."""
        self.stop()
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.close()
            place.remove(self.path)

    def after_fork_in_child(self) -> None:
        """The socket is the parent's. The child has one of its own."""
        self.thread = None
        self._close_pipe()
        if self.listener is not None:
            self.listener.close()
            self.listener = None
            self.open()

    def _close_pipe(self) -> None:
        for descriptor in (self.stop_reading, self.stop_writing):
            _close(descriptor)
        self.stop_reading = self.stop_writing = -1

    def _serve(self, listener: socket.socket, stop: int) -> None:
        try:
            # Not `select`, which takes no descriptors above 1023.
            news, end = select.poll(), select.poll()
            news.register(listener, select.POLLIN)
            for one in (news, end):
                one.register(stop, select.POLLIN)
            while stop not in (found := dict(news.poll())) and not found.get(listener.fileno(), 0) & ~select.POLLIN:
                took = self._serve_one(listener)
                if end.poll(1000 * min(took * (_SHARE - 1), 1.0)):
                    return
        except (OSError, ValueError):
            # The program has closed all descriptors: there is nothing left to listen to.
            return
        finally:
            _close(stop)

    def _serve_one(self, listener: socket.socket) -> float:
        """Returns how many seconds it has taken."""
        began = time.perf_counter()
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            # Who has connected is gone again.
            return 0.0
        with connection:
            try:
                connection.settimeout(_PATIENCE)
                if _is_of_this_user(connection):
                    connection.sendall(json.dumps(self.answer()).encode() + b"\n")
            except Exception:
                # Who has connected is gone, or something of the program's own making cannot be shown.
                pass
        return time.perf_counter() - began


def _is_of_this_user(connection: socket.socket) -> bool:
    """The permissions of the socket keep others out; where the system tells who has connected, it is asked as well."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.geteuid())


def _wait_for_the_system(thread: threading.Thread) -> None:
    """Python's thread has ended; the system's may take a moment more, and those are counted for the warning of forks."""
    task = f"/proc/self/task/{thread.native_id}"
    end = time.monotonic() + 0.05
    while os.path.exists(task) and time.monotonic() < end:
        time.sleep(0.0005)


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        try:
            os.close(descriptor)
        except OSError:
            # The program has closed what it does not know.
            return
