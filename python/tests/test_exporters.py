"""Exporters, with the real SDKs behind them where there is one."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import typing
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import heard
from heard.exporters import Exporter

#: Seconds for what takes one at most.
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def nothing_installed() -> Iterator[None]:
    heard.uninstall()
    yield
    heard.uninstall()


async def fail(message: str = "feed is down") -> None:
    await asyncio.sleep(0)
    raise ConnectionError(message)


async def lose() -> None:
    """One failure is lost, and one is unread until it is read."""
    asyncio.create_task(fail())
    kept = asyncio.create_task(fail())
    await until(lambda: heard.stats().unread == 1 and heard.stats().lost == 1)
    with pytest.raises(ConnectionError):
        await kept
    await until(lambda: heard.stats().retracted == 1)


async def until(true: typing.Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, heard.stats()
        await asyncio.sleep(0.01)


class Kept(Exporter):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[heard.Failure] = []
        self.threads: set[str] = set()
        self.closed = 0

    def export(self, failure: heard.Failure) -> None:
        self.threads.add(threading.current_thread().name)
        self.records.append(failure)

    def close(self) -> None:
        self.closed += 1


class Slow(Kept):
    """Comes back with its first record when it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def export(self, failure: heard.Failure) -> None:
        self.entered.set()
        assert self.released.wait(PATIENCE)
        super().export(failure)


def test_an_exporter_is_given_every_record_beside_the_log(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Kept()
    heard.install(grace=0.05, exporters=[exporter])
    asyncio.run(lose())
    heard.uninstall()
    assert sorted(record.verdict or "" for record in exporter.records) == ["lost", "retracted", "unread"]
    assert exporter.threads == {"heard exporters"}
    assert exporter.closed == 1
    assert [record.levelname for record in caplog.records if record.name == "heard"] == ["ERROR", "WARNING"]


def test_totals_never_fall() -> None:
    heard.install(grace=0.05)
    assert heard.totals() == {}
    asyncio.run(lose())
    assert heard.totals() == {("task-failed", "dropped-task", "lost"): 1, ("task-failed", "late-task", "unread"): 1}


def test_an_exporter_that_fails_is_told_once_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Kept):
        def export(self, failure: heard.Failure) -> None:
            raise OSError("no route to host")

    class Confused(Kept):
        def wants(self, failure: heard.Failure, exception: BaseException | None) -> bool:
            raise LookupError("which?")

    good = Kept()
    heard.install(grace=0.05, exporters=[Broken(), Confused(), good])
    asyncio.run(lose())
    heard.uninstall()
    assert len(good.records) == 3
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("The exporter")]
    assert sorted(said) == [
        "The exporter Broken failed, and its next failures are not told: OSError: no route to host",
        "The exporter Confused failed, and its next failures are not told: LookupError: which?",
    ]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_what_an_exporter_raises_in_its_own_thread_ends_nothing(error: BaseException) -> None:
    class Ending(Kept):
        def export(self, failure: heard.Failure) -> None:
            raise error

    ending, good = Ending(), Kept()
    heard.install(grace=0.05, exporters=[ending, good])
    asyncio.run(lose())
    heard.uninstall()
    assert len(good.records) == 3
    assert [exporter.closed for exporter in (ending, good)] == [1, 1]


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit()])
def test_what_is_meant_for_coroutines_does_not_get_from_an_exporter_into_the_program(error: BaseException) -> None:
    class Raising(Kept):
        def wants(self, failure: heard.Failure, exception: BaseException | None) -> bool:
            raise error

        def close(self) -> None:
            super().close()
            raise error

    raising, good = Raising(), Kept()
    heard.install(grace=0.05, exporters=[raising, good])
    asyncio.run(lose())
    heard.uninstall()
    assert len(good.records) == 3
    assert [exporter.closed for exporter in (raising, good)] == [1, 1]


class Interrupted(Kept):
    """A signal comes while it is asked, in the thread of the program."""

    def wants(self, failure: heard.Failure, exception: BaseException | None) -> bool:
        signal.raise_signal(signal.SIGINT)
        return True


class InterruptedAtItsEnd(Kept):
    def close(self) -> None:
        super().close()
        signal.raise_signal(signal.SIGINT)


@pytest.fixture(params=[KeyboardInterrupt, SystemExit])
def end(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """What the handler of a signal raises."""
    kind: type[BaseException] = request.param

    def handler(number: int, frame: object) -> None:
        raise kind(3)

    before = signal.signal(signal.SIGINT, handler)
    yield kind
    signal.signal(signal.SIGINT, before)


def test_a_signal_that_comes_while_an_exporter_is_asked_ends_the_program(end: type[BaseException]) -> None:
    kept: list[asyncio.Task[None]] = []

    async def main() -> None:
        kept.append(asyncio.create_task(fail()))
        await asyncio.wait(kept)

    heard.install(exporters=[Interrupted()])
    asyncio.run(main())
    with pytest.raises(end):
        kept.clear()
        for _ in range(1000):
            time.sleep(0)


def test_a_signal_that_comes_while_an_exporter_is_closed_ends_the_program(end: type[BaseException]) -> None:
    first, last = InterruptedAtItsEnd(), Kept()
    heard.install(exporters=[first, last])
    with pytest.raises(end):
        heard.uninstall()
    assert [exporter.closed for exporter in (first, last)] == [1, 1]
    assert heard.stats() == heard.Stats()


def test_an_exporter_may_lose_failures_itself_and_uninstall_heard() -> None:
    class Careless(Kept):
        def export(self, failure: heard.Failure) -> None:
            super().export(failure)
            asyncio.run(self.send())

        async def send(self) -> None:
            asyncio.create_task(fail("no route to host"))
            await asyncio.sleep(0.01)

    class Last(Kept):
        is_back = False

        def export(self, failure: heard.Failure) -> None:
            super().export(failure)
            heard.uninstall()
            self.is_back = True

    careless = Careless()

    async def main(true: typing.Callable[[], bool]) -> None:
        asyncio.create_task(fail())
        await until(true)

    heard.install(exporters=[careless])
    # What it loses itself is a storm like any other, of which the exporter gets the first three.
    asyncio.run(main(lambda: heard.stats().lost >= 4))
    heard.uninstall()
    assert {record.verdict for record in careless.records} == {"lost"}
    last = Last()
    heard.install(exporters=[last])
    asyncio.run(main(lambda: last.is_back))
    assert last.closed == 1
    assert len(last.records) == 1


def test_what_is_no_exporter_is_refused() -> None:
    nothing: typing.Any = [Kept]
    with pytest.raises(ValueError, match="exporters are objects of `heard.exporters.Exporter`, and .*Kept.* is none"):
        heard.install(exporters=nothing)


def test_an_exporter_that_blocks_stops_nothing() -> None:
    slow = Slow()
    heard.install(exporters=[slow])

    async def crowd() -> None:
        # Each of another name, so that no storm puts them together.
        for number in range(1100):
            task = asyncio.create_task(fail(), name=f"job {number}")
            del task
        await until(lambda: heard.stats().lost == 1100)
        slow.released.set()

    asyncio.run(crowd())
    heard.uninstall()
    # A storm leaves the first of a kind, and a record that stands for the others.
    shown = len([record for record in slow.records if not record.repeated])
    assert shown + sum(record.repeated for record in slow.records) == 1100


def test_the_queue_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    from heard.exporters.delivery import Delivery

    slow = Slow()
    delivery = Delivery((slow,))
    failure = heard.Failure("task-failed", "dropped-task", "lost", "1", 0.0)
    for _ in range(1500):
        delivery.put(failure, None)
    slow.released.set()
    delivery.close()
    # One may have been on its way already.
    assert len(slow.records) in (1000, 1001)
    assert f"{1500 - len(slow.records)} records were not exported: the exporters are slower than the failures." in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_brings_its_own_records_and_leaves_those_of_its_parent_to_it() -> None:
    from heard.exporters.delivery import Delivery

    def record(name: str) -> heard.Failure:
        return heard.Failure("task-failed", "dropped-task", "lost", name, 0.0)

    slow = Slow()
    delivery = Delivery((slow,))
    for name in ("on its way", "waits"):
        delivery.put(record(name), None)
    assert slow.entered.wait(PATIENCE)
    # Another thread is waking the exporters' just now, and does not run in the child.
    delivery.lock.acquire()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        slow.records.clear()
        slow.released.set()
        delivery.after_fork_in_child()
        delivery.put(record("the child's"), None)
        delivery.close()
        os.write(writing, ",".join(one.id for one in slow.records).encode())
        os._exit(0)
    os.close(writing)
    delivery.lock.release()
    with open(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    slow.released.set()
    delivery.close()
    assert said == "the child's"
    assert [one.id for one in slow.records] == ["on its way", "waits"]


def test_prometheus_is_scraped() -> None:
    prometheus = pytest.importorskip("prometheus_client", reason="not installed: prometheus-client")
    from heard.exporters.prometheus import register

    registry = prometheus.CollectorRegistry()
    register(registry)
    server, thread = prometheus.start_http_server(0, addr="127.0.0.1", registry=registry)

    def scrape() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    try:
        assert scrape()["heard_unread_failures"] == 0
        heard.install(grace=0.05)

        async def main() -> None:
            asyncio.create_task(fail())
            kept = asyncio.create_task(fail())
            await until(lambda: heard.stats().unread == 1)
            assert scrape()["heard_unread_failures"] == 1
            with pytest.raises(ConnectionError):
                await kept
            await until(lambda: heard.stats().retracted == 1)

        asyncio.run(main())
        found = scrape()
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
    assert found == {
        'heard_failures_total{event="task-failed",rule="dropped-task",verdict="lost"}': 1,
        'heard_failures_total{event="task-failed",rule="late-task",verdict="unread"}': 1,
        "heard_lost_total": 1,
        "heard_retractions_total": 1,
        "heard_ignored_total": 0,
        "heard_unread_failures": 0,
    }


#: Its processes lose one failure each, and read another late; the parent is there before them and after them.
FAMILY = """
import asyncio
import multiprocessing
import sys
import time

import heard
from heard.exporters.prometheus import Prometheus
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

heard.install(grace=0.05, report=lambda failure: None, exporters=[Prometheus()], ignore=["ignored"])
# A program may ask for it again; the exporter is another one then.
heard.install(grace=0.05, report=lambda failure: None, exporters=[Prometheus()], ignore=["ignored"])


async def fail():
    raise ConnectionError("feed is down")


async def ignored():
    raise ConnectionError("feed is down")


def scraped():
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith("heard_"))}


async def until(name, value):
    end = time.monotonic() + 30
    while scraped()[name] != value:
        assert time.monotonic() < end, scraped()
        await asyncio.sleep(0.05)


async def late():
    kept = asyncio.create_task(fail())
    await until("heard_unread_failures", 1)
    await asyncio.wait([kept])
    kept.exception()
    await until("heard_unread_failures", 0)


async def lose():
    asyncio.create_task(ignored())
    asyncio.create_task(fail())
    await asyncio.sleep(0)
    await late()


def work():
    asyncio.run(lose())


if __name__ == "__main__":
    work()
    for start in sys.argv[1:]:
        child = multiprocessing.get_context(start).Process(target=work)
        child.start()
        child.join()
        assert child.exitcode == 0
    work()
    heard.uninstall()
    heard.install(exporters=[Prometheus()])
    heard.uninstall()
    for name, value in sorted(scraped().items()):
        print(name, value)
"""


@pytest.mark.parametrize("starts", [["spawn"], ["fork", "spawn", "fork"]], ids=" ".join)
def test_prometheus_has_the_sum_of_several_processes_in_its_multiprocess_mode(starts: list[str], tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client", reason="not installed: prometheus-client")
    if "fork" in starts and not hasattr(os, "fork"):
        pytest.skip("there is no fork on this platform")
    (tmp_path / "files").mkdir()
    (tmp_path / "family.py").write_text(FAMILY)
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "files")}
    command = [sys.executable, "-B", "-W", "ignore::DeprecationWarning", "family.py", *starts]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    number = float(len(starts) + 2)
    assert done.stdout.splitlines() == [
        f'heard_failures_total{{event="task-failed",rule="dropped-task",verdict="lost"}} {number}',
        f'heard_failures_total{{event="task-failed",rule="late-task",verdict="unread"}} {number}',
        f"heard_ignored_total {number}",
        f"heard_lost_total {number}",
        f"heard_retractions_total {number}",
        "heard_unread_failures 0.0",
    ]
    assert done.stderr == ""


async def lose_all_kinds() -> None:
    """A failure, a callback that raises, a coroutine that is never awaited, and a task that is collected."""

    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    asyncio.create_task(fail())
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    forgotten: object = fail()
    del forgotten
    asyncio.create_task(wait())
    await asyncio.sleep(0)
    gc.collect()
    await until(lambda: sum(heard.totals().values()) == 4)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_what_every_record_calls_lost_the_counters_call_so_too() -> None:
    from heard.report.events import lost_of

    exporter = Kept()
    heard.install(exporters=[exporter])
    asyncio.run(lose_all_kinds())
    stats, totals = heard.stats(), heard.totals()
    assert {verdict for _, _, verdict in totals} == {"lost"}
    assert (stats.lost, lost_of(stats, totals)) == (1, 4)
    heard.uninstall()
    assert [record.verdict for record in exporter.records] == ["lost"] * 4


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_prometheus_and_opentelemetry_count_all_that_is_lost() -> None:
    prometheus = pytest.importorskip("prometheus_client", reason="not installed: prometheus-client")
    pytest.importorskip("opentelemetry.sdk", reason="not installed: opentelemetry-sdk")
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from heard.exporters.otel import OpenTelemetry
    from heard.exporters.prometheus import register

    registry, reader = prometheus.CollectorRegistry(), InMemoryMetricReader()
    register(registry)
    heard.install(exporters=[OpenTelemetry(meter_provider=MeterProvider([reader]))])
    asyncio.run(lose_all_kinds())
    assert registry.get_sample_value("heard_lost_total") == 4
    data = reader.get_metrics_data()
    assert data is not None
    metrics: list[typing.Any] = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
    assert [point.value for one in metrics if one.name == "heard.lost" for point in one.data.data_points] == [4]


def test_opentelemetry_has_log_records_in_their_trace_events_on_open_spans_and_metrics() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="not installed: opentelemetry-sdk")
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from heard.exporters.otel import OpenTelemetry

    in_memory: typing.Any = InMemoryLogRecordExporter
    records = in_memory()
    reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
    loggers, meters, tracers = LoggerProvider(), MeterProvider([reader]), TracerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(records))
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    tracer = tracers.get_tracer("test")
    exporter = OpenTelemetry(logger_provider=loggers, meter_provider=meters)
    heard.install(grace=0.05, exporters=[exporter])

    async def main() -> None:
        with tracer.start_as_current_span("outer"):
            with tracer.start_as_current_span("closed"):
                early = asyncio.create_task(fail("early"))
            del early
            await until(lambda: heard.stats().lost == 1)
            await lose_one("late")

    async def lose_one(message: str) -> None:
        asyncio.create_task(fail(message))
        await until(lambda: heard.stats().lost == 2)
        # The span is open for as long as the record is on its way.
        await until(lambda: len(records.get_finished_logs()) == 2)

    asyncio.run(main())
    heard.uninstall()
    context: dict[str, typing.Any] = {span.name: span.get_span_context() for span in spans.get_finished_spans()}
    logged = [data.log_record for data in records.get_finished_logs()]
    assert [(one.trace_id, one.span_id) for one in logged] == [
        (context["closed"].trace_id, context["closed"].span_id),
        (context["outer"].trace_id, context["outer"].span_id),
    ]
    assert [one.severity_text for one in logged] == ["ERROR", "ERROR"]
    attributes = [dict(one.attributes or {}) for one in logged]
    assert [one["exception.message"] for one in attributes] == ["early", "late"]
    assert {one["exception.type"] for one in attributes} == {"ConnectionError"}
    assert all("raise ConnectionError(message)" in str(one["exception.stacktrace"]) for one in attributes)
    assert [str(one["code.function.name"]).rsplit(".", 1)[-1] for one in attributes] == ["main", "lose_one"]
    events = {span.name: [event.name for event in span.events] for span in spans.get_finished_spans()}
    assert events == {"closed": [], "outer": ["exception"]}

    heard.install(grace=0.05, exporters=[exporter])
    asyncio.run(lose())
    data = reader.get_metrics_data()
    assert data is not None
    metrics: list[typing.Any] = [metric for resource in data.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics]
    values = {metric.name: sum(point.value for point in metric.data.data_points) for metric in metrics}
    assert values == {"heard.failures": 2, "heard.lost": 1, "heard.retractions": 1, "heard.ignored": 0, "heard.unread": 0}


def test_opentelemetry_can_encode_what_is_no_unicode() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="not installed: opentelemetry-sdk")
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

    from heard.exporters.otel import OpenTelemetry

    in_memory: typing.Any = InMemoryLogRecordExporter
    records, loggers = in_memory(), LoggerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(records))
    heard.install(exporters=[OpenTelemetry(logger_provider=loggers)])

    async def main() -> None:
        asyncio.create_task(fail("no file caf\udce9"), name="read caf\udce9")
        await until(lambda: len(records.get_finished_logs()) == 1)

    asyncio.run(main())
    [record] = [data.log_record for data in records.get_finished_logs()]
    texts = [record.body, *(record.attributes or {}).values()]
    for text in texts:
        str(text).encode()
    assert record.attributes["exception.message"] == "no file caf\\udce9"


SENTRY = """
import asyncio, json, sys
import heard
import sentry_sdk
from heard.exporters.sentry import Sentry
from sentry_sdk.integrations.asyncio import AsyncioIntegration
from sentry_sdk.transport import Transport

sent = []

class Kept(Transport):
    def capture_envelope(self, envelope):
        sent.append(envelope.get_event())

def init(integrations):
    sentry_sdk.init(dsn="http://key@127.0.0.1/1", transport=Kept, integrations=integrations)

async def fail():
    await asyncio.sleep(0)
    try:
        raise KeyError("page")
    except KeyError as error:
        raise ConnectionError("feed is down") from error

def start():
    asyncio.create_task(fail())

async def main(integrations=()):
    if integrations:
        init(list(integrations))
    for _ in range(3):
        start()
        await asyncio.sleep(0.05)
"""


def test_sentry_has_one_issue_for_each_shape(launch: typing.Any) -> None:
    pytest.importorskip("sentry_sdk", reason="not installed: sentry-sdk")
    from json import loads

    shown = """
print(json.dumps([
    (event["fingerprint"], event["level"], [(one["type"], one["mechanism"]["handled"]) for one in event["exception"]["values"]],
     event["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"])
    for event in sent
]))
"""
    issue = [["heard", "dropped-task", "fail", "ConnectionError"], "error", [["KeyError", False], ["ConnectionError", False]], "fail"]
    for before, after in (("init([])", ""), ("", "init([])")):
        program = f"{SENTRY}\n{before}\nheard.install(exporters=[Sentry()])\n{after}\nasyncio.run(main())\nheard.uninstall()\n{shown}"
        finished = launch(program)
        assert finished.code == 0, finished.err
        events = loads(finished.out)
        assert len(events) == 3
        for fingerprint, *rest in events:
            *shape, born = fingerprint
            assert [shape, *rest] == issue
            assert Path(born.rsplit(":", 1)[0]).name == "app.py" and born.endswith(":start")


def test_sentry_is_not_told_twice_beside_its_own_asyncio_integration(launch: typing.Any) -> None:
    pytest.importorskip("sentry_sdk", reason="not installed: sentry-sdk")
    finished = launch(f"""{SENTRY}
heard.install(exporters=[Sentry()])
asyncio.run(main([AsyncioIntegration()]))
heard.uninstall()
print([event["exception"]["values"][-1]["mechanism"]["type"] for event in sent])
""")
    assert finished.code == 0, finished.err
    assert finished.out == "['asyncio', 'asyncio', 'asyncio']\n"
