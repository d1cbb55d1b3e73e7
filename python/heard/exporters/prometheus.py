"""The counters of heard for Prometheus: `pip install heard-runtime[prometheus]`."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import typing
import weakref
from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import heard
from heard.exporters import Exporter
from heard.monitor.install import current
from heard.report.events import lost_of

if typing.TYPE_CHECKING:
    from prometheus_client import Metric

    from heard.monitor.install import Monitor
    from heard.record import Failure

#: What each metric is called, and what it says.
_FAILURES = ("heard_failures", "What went wrong, by the first report on it.", ("event", "rule", "verdict"))
_LOST = ("heard_lost", "What was reported as lost, and nobody hears any more.")
_RETRACTIONS = ("heard_retractions", "Reports on failures that were read after all.")
_IGNORED = ("heard_ignored", "What was not reported, as it was asked.")
_UNREAD = ("heard_unread_failures", "Failures that somebody holds and nobody has read.")

#: Seconds between two looks at the counters, since not each change of them comes with a record: of a storm only the first
#: failures do, and the gauge may fall without one. Where nothing has changed for longer than a storm holds back, there are
#: no more looks, or few of them as long as it is not 0.
_BEAT = 1.0
_LAST_LOOKS = 12
_SLOW_BEAT = 30.0
#: Seconds that a fork waits for what is being written, and the end of the program for that.
_FORK_PATIENCE = 0.2
_LAST_PATIENCE = 2.0


class Prometheus(Exporter):
    """The counters in a registry; or, in the multiprocess mode of `prometheus_client`, in this process's files.

    - `heard_failures_total`, by `event`, `rule` and the `verdict` of the first report.
    - `heard_lost_total`: what was reported as lost or as escalated, of every event: failures that nobody can hear any
      more, callbacks that raised, coroutines that were never awaited, tasks that were collected.
    - `heard_retractions_total`: reports that were taken back, since the failure was read after all.
    - `heard_ignored_total`: what `ignore` kept quiet.
    - `heard_unread_failures`, a gauge: reported as unread, and read by nobody since.

    They count from `heard.install` on. In a registry they are exact at each scrape: no queue lies between.

    Where the environment has `PROMETHEUS_MULTIPROC_DIR`, whoever scrapes sees the sum of all processes. They are then
    written when a record comes, once a second as long as they change, and when heard is uninstalled or the program ends;
    so what `ignore` kept quiet may count no sooner than the next record. The gauge is of the mode `livesum`:
    `prometheus_client.multiprocess.mark_process_dead` takes away what a dead process has left.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        # The client has decided when it was imported.
        self._files = _files() if getattr(values.ValueClass, "_multiprocess", False) else None
        if self._files is None:
            # They are there already where another exporter, or `register`, has brought them.
            with contextlib.suppress(ValueError):
                register(registry)

    def wants(self, failure: Failure, exception: BaseException | None) -> bool:
        return self._files is not None

    def export(self, failure: Failure) -> None:
        if self._files is not None:
            self._files.write()

    def close(self) -> None:
        if self._files is not None:
            self._files.close()


def register(registry: CollectorRegistry = REGISTRY) -> Collector:
    """Adds the counters of this process to a registry, whether an exporter is installed or not. Returns what
    `registry.unregister` takes.

    They are those of `Prometheus`, which is what the multiprocess mode of `prometheus_client` needs.
    """
    collector = _Counters()
    registry.register(collector)
    return collector


class _Counters(Collector):
    def describe(self) -> Iterator[Metric]:
        """What there is, so that nothing has to be counted when it is registered."""
        return iter(self._families())

    def collect(self) -> Iterator[Metric]:
        failures, lost, retractions, ignored, unread = self._families()
        stats, totals = heard.stats(), heard.totals()
        for (event, rule, verdict), count in totals.items():
            failures.add_metric([event, rule, verdict or ""], count)
        lost.add_metric([], lost_of(stats, totals))
        retractions.add_metric([], stats.retracted)
        ignored.add_metric([], stats.ignored)
        unread.add_metric([], stats.unread)
        return iter((failures, lost, retractions, ignored, unread))

    def _families(
        self,
    ) -> tuple[CounterMetricFamily, CounterMetricFamily, CounterMetricFamily, CounterMetricFamily, GaugeMetricFamily]:
        name, what, labels = _FAILURES
        return (
            CounterMetricFamily(name, what, labels=labels),
            CounterMetricFamily(*_LOST, labels=[]),
            CounterMetricFamily(*_RETRACTIONS, labels=[]),
            CounterMetricFamily(*_IGNORED, labels=[]),
            GaugeMetricFamily(*_UNREAD, labels=[]),
        )


class _Files:
    """What the files of this process say. One object writes them: each keeps in mind what it has written."""

    def __init__(self) -> None:
        # The files are the registry.
        self.failures = Counter(*_FAILURES, registry=None)
        self.lost = Counter(*_LOST, registry=None)
        self.retractions = Counter(*_RETRACTIONS, registry=None)
        self.ignored = Counter(*_IGNORED, registry=None)
        self.unread = Gauge(*_UNREAD, registry=None, multiprocess_mode="livesum")
        self.renew()

    def renew(self) -> None:
        """Nothing is written yet of what heard counts now: it counts anew in a forked child."""
        self.lock = threading.Lock()
        #: The thread that forks and holds the lock meanwhile.
        self.forking: int | None = None
        #: Whose counts they are, since heard counts anew with each `install`, and what was written of them.
        self.monitor: Callable[[], Monitor | None] = lambda: None
        self.written: dict[Counter, float] = {}
        self.shown = 0
        self.timer: threading.Timer | None = None
        #: Looks since the counters have changed.
        self.idle = 0

    def write(self) -> None:
        """Brings the files up to date, and comes again as long as there may be news."""
        with self.lock:
            self._write_and_come_again()

    def _write_again(self) -> None:
        with self.lock:
            # Another one may have taken its place, or none, while it waited for the lock.
            if self.timer is threading.current_thread():
                self.timer = None
                # The next record says what is wrong with the files.
                with contextlib.suppress(Exception):
                    self._write_and_come_again()

    def _write_and_come_again(self) -> None:
        self.idle = 0 if self._write() else self.idle + 1
        is_settled = self.idle >= _LAST_LOOKS
        if self.timer is not None or is_settled and not self.shown:
            return
        timer = threading.Timer(_SLOW_BEAT if is_settled else _BEAT, self._write_again)
        timer.daemon = True
        # Where the interpreter is ending no thread starts, and `close` has the last word.
        with contextlib.suppress(RuntimeError):
            timer.start()
            self.timer = timer

    def _write(self) -> bool:
        """Whether something has changed."""
        monitor = current()
        if monitor is None:
            return False
        if self.monitor() is not monitor:
            self.monitor, self.written = weakref.ref(monitor), {}
        stats, totals = heard.stats(), heard.totals()
        counted = [(self.failures.labels(event, rule, verdict or ""), count) for (event, rule, verdict), count in totals.items()]
        counted += [(self.lost, lost_of(stats, totals)), (self.retractions, stats.retracted), (self.ignored, stats.ignored)]
        is_changed = stats.unread != self.shown
        for counter, count in counted:
            before = self.written.get(counter, 0)
            if count > before:
                counter.inc(count - before)
                is_changed = True
            self.written[counter] = count
        self.unread.set(stats.unread)
        self.shown = stats.unread
        return is_changed

    def close(self) -> None:
        # Whoever holds it for longer does not end, and the program is to.
        if not self.lock.acquire(timeout=_LAST_PATIENCE):
            return
        try:
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None
            self._write()
        finally:
            self.lock.release()

    def before_fork(self) -> None:
        """A thread that writes holds the lock of `prometheus_client`, which the child's own metrics would wait for."""
        if self.lock.acquire(timeout=_FORK_PATIENCE):
            self.forking = threading.get_ident()

    def after_fork_in_parent(self) -> None:
        # Several threads may fork at once, of which one holds it.
        if self.forking == threading.get_ident():
            self.forking = None
            self.lock.release()


@functools.cache
def _files() -> _Files:
    files = _Files()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=files.before_fork, after_in_parent=files.after_fork_in_parent, after_in_child=files.renew
        )
    return files
