"""What exporters say arrives in programs of others: an OTLP collector, and Prometheus, where they are installed."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import typing
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Seconds for what takes one at most.
PATIENCE = 60.0

OTEL = """
import asyncio, sys
import heard
from heard.exporters.otel import OpenTelemetry
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{sys.argv[1]}/v1/logs")))
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(f"{sys.argv[1]}/v1/metrics"))])
heard.install(exporters=[OpenTelemetry(logger_provider=logs, meter_provider=metrics)])

async def refresh():
    raise ConnectionError("feed is down")

async def main():
    asyncio.create_task(refresh())
    await asyncio.sleep(0.01)

asyncio.run(main())
"""

PROMETHEUS = """
import asyncio, sys
import heard, prometheus_client
from heard.exporters.prometheus import register

register()
prometheus_client.start_http_server(int(sys.argv[1]), addr="127.0.0.1")
heard.install()

async def refresh():
    raise ConnectionError("feed is down")

async def main():
    asyncio.create_task(refresh())
    await asyncio.sleep(float(sys.argv[2]))

asyncio.run(main())
"""


def free_ports(number: int) -> list[int]:
    """They were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def running(command: list[str], output: Path) -> Iterator[None]:
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def until(true: Callable[[], bool], output: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def program(name: str) -> str:
    """Where it is; a test is skipped where it is not there, or does not start."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not on the PATH")
    started = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    if started.returncode != 0:
        pytest.skip(f"{name} does not start: {started.stderr.strip()}")
    return path


def test_an_otlp_collector_has_the_log_record_and_the_metrics(tmp_path: Path) -> None:
    """`pip download rotel` has it for Linux; it wants the `libpython` of the version that its wheel is for."""
    pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.http", reason="not installed: opentelemetry-exporter-otlp-proto-http"
    )
    agent = program("rotel-agent")
    grpc, http = free_ports(2)
    output = tmp_path / "rotel.log"
    command = [agent, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}"]
    command += [
        "--exporter",
        "blackhole",
        "--debug-log",
        "logs",
        "--debug-log",
        "metrics",
        "--debug-log-verbosity",
        "detailed",
    ]
    with running(command, output):
        until(lambda: answers(http), output)
        sent = [sys.executable, "-c", OTEL, f"http://127.0.0.1:{http}"]
        done = subprocess.run(sent, capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert "Exception while exporting" not in done.stderr, done.stderr
        wanted = ("feed is down", "ConnectionError", "exception.type", "heard.lost", "heard.failures")
        until(lambda: all(text in output.read_text() for text in wanted), output)


def test_prometheus_scrapes_the_counters(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client", reason="not installed: prometheus-client")
    server = program("prometheus")
    metrics, api = free_ports(2)
    settings = tmp_path / "prometheus.yml"
    target = {"job_name": "heard", "static_configs": [{"targets": [f"127.0.0.1:{metrics}"]}]}
    # JSON is YAML.
    settings.write_text(
        json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [target]})
    )
    output = tmp_path / "prometheus.log"
    command = [
        server,
        f"--config.file={settings}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{api}",
    ]

    def found(query: str) -> list[typing.Any]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{api}/api/v1/query?query={query}", timeout=PATIENCE
            ) as answer:
                result: list[typing.Any] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            # It says so as long as it starts.
            error.close()
            return []
        except (urllib.error.URLError, ConnectionError):
            return []
        return result

    service = [sys.executable, "-c", PROMETHEUS, str(metrics), str(PATIENCE)]

    def seen() -> bool:
        # Asked together: a scrape that comes too late on a busy machine leaves a gap.
        failures = [(one["metric"]["rule"], one["value"][1]) for one in found("heard_failures_total")]
        values = [one["value"][1] for name in ("heard_lost_total", "heard_unread_failures") for one in found(name)]
        return failures == [("dropped-task", "1")] and values == ["1", "0"]

    with running(service, tmp_path / "service.log"), running(command, output):
        until(seen, output)
