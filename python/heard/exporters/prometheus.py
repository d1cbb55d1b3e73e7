"""The counters of heard for Prometheus: `pip install heard-runtime[prometheus]`."""

from __future__ import annotations

import typing
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import heard
from heard.report.events import lost_of

if typing.TYPE_CHECKING:
    from prometheus_client import Metric


def register(registry: CollectorRegistry = REGISTRY) -> Collector:
    """Adds the counters to a registry. Returns what `registry.unregister` takes.

    - `heard_failures_total`, by `event`, `rule` and the `verdict` of the first report.
    - `heard_lost_total`: what was reported as lost or as escalated, of every event: failures that nobody can hear any
      more, callbacks that raised, coroutines that were never awaited, tasks that were collected.
    - `heard_retractions_total`: reports that were taken back, since the failure was read after all.
    - `heard_ignored_total`: what `ignore` kept quiet.
    - `heard_unread_failures`, a gauge: reported as unread, and read by nobody since.

    They count from `heard.install` on, and are exact: no queue and no storm leaves anything out.
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
        return (
            CounterMetricFamily(
                "heard_failures", "What went wrong, by the first report on it.", labels=["event", "rule", "verdict"]
            ),
            CounterMetricFamily("heard_lost", "What was reported as lost, and nobody hears any more.", labels=[]),
            CounterMetricFamily("heard_retractions", "Reports on failures that were read after all.", labels=[]),
            CounterMetricFamily("heard_ignored", "What was not reported, as it was asked.", labels=[]),
            GaugeMetricFamily("heard_unread_failures", "Failures that somebody holds and nobody has read.", labels=[]),
        )
