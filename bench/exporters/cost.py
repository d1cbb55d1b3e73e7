#!/usr/bin/env python3
"""What exporters cost while 10,000 failures a second are lost: CPU time of the process, as a ratio to heard alone.

    python cost.py [SECONDS]

Each round runs in a process of its own, and the exporters take turns. The SDKs keep what they are given in memory, so
that no network is measured.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

ROUNDS = 5
RATE = 10_000

PROGRAM = """
import asyncio, json, logging, sys, time
import heard

logging.getLogger("heard").addHandler(logging.NullHandler())
logging.getLogger("heard").propagate = False
which, seconds = sys.argv[1], float(sys.argv[2])
exporters = []
if which == "otel":
    from heard.exporters.otel import OpenTelemetry
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter
    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(InMemoryLogRecordExporter()))
    exporters = [OpenTelemetry(logger_provider=provider)]
elif which == "sentry":
    import sentry_sdk, sentry_sdk.transport
    from heard.exporters.sentry import Sentry
    class Nowhere(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope):
            pass
    sentry_sdk.init(dsn="http://key@127.0.0.1/1", transport=Nowhere)
    exporters = [Sentry()]
elif which == "prometheus":
    from heard.exporters.prometheus import Prometheus
    exporters = [Prometheus()]
heard.install(exporters=exporters)

async def fail(number):
    raise ConnectionError(number)

async def main():
    lost = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for number in range(RATE // 100):
            # As many shapes as a service has: names of tasks make no shape.
            asyncio.create_task(fail(number))
        lost += RATE // 100
        await asyncio.sleep(max(0.0, began + lost / RATE - time.perf_counter()))
    return lost

before = time.process_time()
lost = asyncio.run(main())
assert heard.stats().lost == lost, (heard.stats(), lost)
heard.uninstall()
print(json.dumps([time.process_time() - before, lost]))
"""


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "5"
    spent: dict[str, list[float]] = {"heard": [], "prometheus": [], "otel": [], "sentry": []}
    for _ in range(ROUNDS):
        for which in spent:
            program = PROGRAM.replace("RATE", str(RATE))
            done = subprocess.run([sys.executable, "-c", program, which, seconds], check=True, capture_output=True, text=True)
            cpu, lost = json.loads(done.stdout)
            spent[which].append(1e6 * cpu / lost)
    alone = statistics.median(spent["heard"])
    for which, costs in spent.items():
        cost = statistics.median(costs)
        print(f"{which:10}  {cost:6.1f} µs a failure  {cost / alone:.2f}")


if __name__ == "__main__":
    main()
