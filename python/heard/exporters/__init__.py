"""Where records go besides the log: to Sentry, to OpenTelemetry, to Prometheus, or to what you write yourself.

    import heard
    from heard.exporters.otel import OpenTelemetry
    from heard.exporters.prometheus import Prometheus
    from heard.exporters.sentry import Sentry

    heard.install(exporters=[OpenTelemetry(), Prometheus(), Sentry()])

For another place, write an `Exporter`.
"""

from __future__ import annotations

import abc
import typing

if typing.TYPE_CHECKING:
    from heard.record import Failure

__all__ = ["Exporter"]


class Exporter(abc.ABC):
    """Takes records somewhere else. What it raises is said once, and never gets into the program."""

    @abc.abstractmethod
    def export(self, failure: Failure) -> None:
        """Called with one record after the other, in a thread of heard's: it may block.

        Records that come while a thousand wait are dropped; how many is logged as a warning.
        """

    def wants(self, failure: Failure, exception: BaseException | None) -> bool:
        """Whether `export` is to be called with this record. Asked where the failure is reported: it must be quick.

        `exception` is the failure itself, and `None` in a record that has none or that follows an earlier one.
        """
        return True

    def close(self) -> None:
        """Called after the last record, in the thread that uninstalls heard or ends the program."""
