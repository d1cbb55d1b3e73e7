"""Brings records to exporters, in a thread of its own: one that fails, blocks or is slow costs the program nothing."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
import time
import typing

from heard.report import log

if typing.TYPE_CHECKING:
    from heard.exporters import Exporter
    from heard.record import Failure

#: Records that may wait. Each is a few kilobytes.
_MOST_WAITING = 1000
#: Seconds that the end of the program waits for records that are on their way.
_END_PATIENCE = 2.0


class Delivery:
    """The way of records to the exporters of one `install`."""

    def __init__(self, exporters: tuple[Exporter, ...]) -> None:
        self.exporters = exporters
        self.waiting: collections.deque[tuple[Exporter, Failure]] = collections.deque()
        #: Records that found the queue full.
        self.dropped = 0
        #: The exporters whose failure has been said.
        self.broken: set[int] = set()
        self._renew()

    def _renew(self) -> None:
        self.lock = threading.Lock()
        self.news = threading.Event()
        self.is_closing = False
        self.thread: threading.Thread | None = None

    def put(self, failure: Failure, exception: BaseException | None) -> None:
        """Sends a record on its way. Does not wait."""
        for exporter in self.exporters:
            if not self._call(exporter, exporter.wants, failure, exception):
                continue
            if len(self.waiting) >= _MOST_WAITING:
                self.dropped += 1
                continue
            self.waiting.append((exporter, failure))
        if self.waiting:
            self._wake()

    def _wake(self) -> None:
        with self.lock:
            self.news.set()
            if self.thread is None and not self.is_closing:
                # Not before there is something to bring: most processes never report anything.
                self.thread = threading.Thread(target=self._work, name="heard exporters", daemon=True)
                try:
                    self.thread.start()
                except RuntimeError:
                    # The interpreter is ending: what waits is brought by `close`.
                    self.thread = None

    def _work(self) -> None:
        while True:
            self.news.wait()
            self.news.clear()
            self._bring()
            with self.lock:
                # What came meanwhile has set the news anew.
                if self.is_closing and not self.waiting:
                    return

    def _bring(self, until: float = float("inf")) -> None:
        while time.monotonic() < until:
            try:
                exporter, failure = self.waiting.popleft()
            except IndexError:
                break
            self._call(exporter, exporter.export, failure)
        dropped, self.dropped = self.dropped, 0
        if dropped:
            log.say("%d records were not exported: the exporters are slower than the failures.", dropped)

    def _call(self, exporter: Exporter, method: typing.Callable[..., object], *arguments: object) -> object:
        """What an exporter raises is said, and `None` comes back. Nothing ends the thread of the exporters; in a thread
        of the program's, what ends programs goes on: it may come from a handler of a signal that has run by chance."""
        try:
            return method(*arguments)
        except (Exception, asyncio.CancelledError, GeneratorExit) as error:
            # The last two are the affair of coroutines, and no signal handler's.
            self._complain(exporter, error)
        except BaseException as error:
            if threading.current_thread() is not self.thread:
                raise
            self._complain(exporter, error)
        return None

    def _complain(self, exporter: Exporter, error: BaseException) -> None:
        if id(exporter) not in self.broken:
            self.broken.add(id(exporter))
            log.say(
                "The exporter %s failed, and its next failures are not told: %s: %s",
                type(exporter).__name__,
                type(error).__name__,
                error,
            )

    def close(self) -> None:
        """Brings what waits, for two seconds at most, and ends the thread."""
        end = time.monotonic() + _END_PATIENCE
        with self.lock:
            self.is_closing = True
            self.news.set()
            thread = self.thread
        if thread is threading.current_thread():
            # An exporter uninstalls heard: it cannot wait for itself.
            thread = None
        if thread is None:
            self._bring(end)
        else:
            thread.join(max(0.0, end - time.monotonic()))
        if thread is not None and thread.is_alive():
            log.say("%d records were not exported: an exporter has not come back.", len(self.waiting) + 1)
            return
        with contextlib.ExitStack() as rest:
            # Where one is interrupted, the others are closed all the same.
            for exporter in reversed(self.exporters):
                rest.callback(self._call, exporter, exporter.close)

    def after_fork_in_child(self) -> None:
        """The thread stayed in the parent, which brings what waited there."""
        self.waiting.clear()
        self.dropped = 0
        self._renew()
