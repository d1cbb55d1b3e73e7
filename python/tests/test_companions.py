"""heard beside other tools, as they are installed: where a failure was born, what it is called, and that it is told once.

`companions.txt` lists the packages; a test whose package is not there says so. Each runs a program of its own, since
these tools replace what asyncio has, and talks to nobody beyond this machine.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import typing
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Finished

#: Seconds for what takes one at most.
PATIENCE = 60.0

Record = dict[str, typing.Any]
Launch = Callable[..., Finished]

#: The beginning and the end of the programs: the monitor, and what it has said.
HEAD = """
    import asyncio, json, sys
    import heard

    start = asyncio.run
    records = []
    heard.install(report=records.append, grace=0.05)
    """
TAIL = """
    heard.uninstall()
    print(json.dumps([record.as_dict() for record in records]))
    """


def needs(*packages: str) -> pytest.MarkDecorator:
    missing = []
    for package in packages:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def records_of(launch: Launch, program: str) -> list[Record]:
    finished = launch(textwrap.dedent(HEAD) + textwrap.dedent(program) + textwrap.dedent(TAIL))
    assert finished.code == 0, finished.err
    found: list[Record] = json.loads(finished.out.splitlines()[-1])
    return found


def seen(records: list[Record]) -> list[tuple[str, str | None, str, str]]:
    """Verdict, coroutine, and where each was born."""
    return [
        (record["verdict"], record["coroutine"], Path(record["born"][0]["path"]).name, record["born"][0]["function"])
        for record in records
    ]


#: Three failures: one is dropped, one kept, and one ignored by the name of its coroutine.
THREE = """
    async def fail():
        await asyncio.sleep(0)
        raise ValueError

    async def unimportant():
        await asyncio.sleep(0)
        raise KeyError

    kept = []

    def starts(coro):
        return asyncio.create_task(coro)

    async def main():
        starts(fail())
        kept.append(asyncio.get_running_loop().create_task(fail()))
        asyncio.create_task(unimportant())
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        await asyncio.gather(asyncio.sleep(0), asyncio.wait_for(asyncio.sleep(0), 5))
        # The grace period of the one that is kept.
        while len(records) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    start(asyncio.wait_for(main(), 30))
    """
BORN = [("lost", "fail", "app.py", "starts"), ("unread", "fail", "app.py", "main")]
IGNORING = """
    heard.uninstall()
    heard.install(report=records.append, grace=0.05, ignore="unimportant")
    """

TOOLS: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing": ((), ""),
    "sentry": (
        ("sentry-sdk",),
        """
        import sentry_sdk
        from sentry_sdk.integrations.asyncio import AsyncioIntegration
        from sentry_sdk.transport import Transport

        class Nowhere(Transport):
            def capture_envelope(self, envelope):
                pass

        def start(main):
            async def around():
                sentry_sdk.init(
                    dsn="http://a@localhost/1", transport=Nowhere(), integrations=[AsyncioIntegration()],
                    traces_sample_rate=1.0,
                )
                await main
            asyncio.run(around())
        """,
    ),
    "opentelemetry": (
        ("opentelemetry-instrumentation-asyncio",),
        """
        from opentelemetry.instrumentation.asyncio import AsyncioInstrumentor

        AsyncioInstrumentor().instrument()
        """,
    ),
    "uvloop": (
        ("uvloop",),
        """
        import uvloop

        def start(main):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main)
        """,
    ),
    "aiomonitor": (
        ("aiomonitor",),
        """
        import socket
        import aiomonitor

        def free_ports():
            sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
            ports = [one.getsockname()[1] for one in sockets]
            for one in sockets:
                one.close()
            return ports

        def start(main):
            async def around():
                ports = dict(zip(("port", "console_port", "webui_port"), free_ports()))
                with aiomonitor.start_monitor(asyncio.get_running_loop(), **ports):
                    await main
            asyncio.run(around())
        """,
    ),
    "a task factory of the program's": (
        (),
        """
        async def traced(coro):
            try:
                return await coro
            finally:
                pass

        def make(loop, coro, options):
            return asyncio.Task(traced(coro), loop=loop, **options)

        def factory(loop, coro, **options):
            return make(loop, coro, options)

        def start(main):
            async def around():
                asyncio.get_running_loop().set_task_factory(factory)
                await main
            asyncio.run(around())
        """,
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_births_and_names_are_the_programs(tool: str, launch: Launch) -> None:
    packages, program = TOOLS[tool]
    mark = needs(*packages)
    if mark.args[0]:
        pytest.skip(mark.kwargs["reason"])
    found = seen(records_of(launch, textwrap.dedent(IGNORING) + textwrap.dedent(program) + textwrap.dedent(THREE)))
    # A coroutine of the program's own around another is called what the program calls it.
    coroutine = "traced" if "traced" in program else "fail"
    assert sorted(found) == [(verdict, coroutine, *born) for verdict, _, *born in BORN]


def test_a_loop_class_of_somebody_elses_is_heard_whenever_it_is_made(launch: Launch) -> None:
    program = """
        class Mixin:
            def create_task(self, coro, **options):
                return asyncio.SelectorEventLoop.create_task(self, coro, **options)

        class Loop(Mixin, asyncio.SelectorEventLoop):
            def call_exception_handler(self, context):
                super().call_exception_handler(context)

        class Another(Loop):
            def create_task(self, coro, **options):
                return super().create_task(coro, **options)

        def fails():
            raise OSError

        async def main():
            asyncio.create_task(fail())
            asyncio.get_running_loop().call_soon(fails)
            await asyncio.sleep(0.05)

        async def fail():
            raise ValueError

        with asyncio.Runner(loop_factory=Another) as runner:
            runner.run(main())
        """
    found = records_of(launch, program)
    assert sorted(record["event"] for record in found) == ["callback-raised", "task-failed"]
    born = next(record["born"] for record in found if record["event"] == "task-failed")
    assert born[0]["function"] == "main"


@needs("sentry-sdk")
@pytest.mark.parametrize("with_integration", [False, True])
def test_two_failures_are_two_issues_with_their_exceptions(with_integration: bool, launch: Launch) -> None:
    finished = launch(
        f"""
        import asyncio, json, logging
        import heard, sentry_sdk
        from sentry_sdk.integrations.asyncio import AsyncioIntegration
        from sentry_sdk.transport import Transport

        events = []

        class Kept(Transport):
            def capture_envelope(self, envelope):
                events.extend(item.payload.json for item in envelope.items if item.type == "event")

        logging.basicConfig(level=logging.INFO, stream=open("/dev/null", "w"))
        heard.install(grace=0.05)

        async def fail(error):
            raise error

        async def main():
            integrations = [AsyncioIntegration()] if {with_integration} else []
            sentry_sdk.init(dsn="http://a@localhost/1", transport=Kept(), integrations=integrations)
            for error in (ValueError("one"), KeyError("two")):
                before = len(heard.failures())
                asyncio.create_task(fail(error))
                del error
                while len(heard.failures()) == before:
                    await asyncio.sleep(0.01)

        asyncio.run(main())
        sentry_sdk.flush()
        print(json.dumps(events))
        """
    )
    assert finished.code == 0, finished.err
    events = json.loads(finished.out.splitlines()[-1])
    types = [[one["type"] for one in (event.get("exception") or {}).get("values", [])] for event in events]
    # With the integration, Sentry has seen the exception in the task already.
    assert types == [["ValueError"], ["KeyError"]]
    if not with_integration:
        # Without a template that is the same for both, each message would be an issue of its own.
        assert len({event["logentry"]["message"] for event in events}) == 1


@needs("anyio")
def test_anyio_groups_and_scopes_are_heard_by_whoever_they_raise_to(launch: Launch) -> None:
    program = """
        import anyio

        async def fail(delay):
            await anyio.sleep(delay)
            raise ValueError(delay)

        async def stubborn():
            try:
                await asyncio.sleep(60)
            finally:
                raise KeyError("on the way out")

        async def ready(*, task_status=anyio.TASK_STATUS_IGNORED):
            task_status.started("ready")
            await anyio.sleep(60)

        async def main():
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(fail, 0)
                    group.start_soon(fail, 60)
                    await anyio.sleep(60)
            except* ValueError:
                pass
            with anyio.move_on_after(0.01) as scope:
                try:
                    async with heard.Group(on_failure="cancel") as group:
                        group.create_task(stubborn())
                except* KeyError:
                    pass
                await asyncio.sleep(60)
            assert scope.cancelled_caught
            await asyncio.sleep(0)
            async with heard.Group() as group:
                # A function that was written for anyio's groups.
                assert await group.start(ready) == "ready"
                group.cancel()
            async with anyio.create_task_group() as group:
                asyncio.create_task(fail(0))
                await anyio.sleep(0.05)

        asyncio.run(main())
        """
    assert seen(records_of(launch, program)) == [("lost", "fail", "app.py", "main")]


#: From 3.14 on, the first breaks `asyncio.current_task`; the second goes on from there.
NESTS = [pytest.param(name, marks=needs(name.replace("_", "-"))) for name in ("nest_asyncio", "nest_asyncio2")]


@pytest.mark.parametrize("nest", NESTS)
def test_nested_loops_tell_each_failure_once(nest: str, launch: Launch) -> None:
    program = f"""
        import {nest}

        {nest}.apply()

        async def fail():
            raise ValueError

        async def main():
            asyncio.create_task(fail(), name="dropped")
            kept = asyncio.create_task(fail(), name="kept")
            asyncio.get_running_loop().run_until_complete(asyncio.sleep(0.3))
            await asyncio.sleep(0.1)
            return kept

        kept = asyncio.run(main())
        """
    found = records_of(launch, program)
    assert sorted((record["task"], record["verdict"], record["born"][0]["function"]) for record in found) == [
        ("dropped", "lost", "main"),
        ("kept", "unread", "main"),
    ]


def wait_for_lines(path: Path, count: int, process: subprocess.Popen[str]) -> list[Record]:
    """The records in a journal, when there are so many."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            return [json.loads(line) for line in lines]
        time.sleep(0.05)
    raise AssertionError(f"no {count} records in time")


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


#: Each behind `heard run`, with the address at its end.
SERVERS = {
    "gunicorn": ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-w", "2"],
    "gunicorn --preload": ["gunicorn", "--preload", "-k", "uvicorn_worker.UvicornWorker", "-w", "2"],
    "uvicorn": ["uvicorn", "--workers", "2"],
}


@needs("gunicorn", "uvicorn", "uvicorn-worker")
@pytest.mark.parametrize("server", SERVERS)
def test_the_workers_of_a_server_are_heard(server: str, tmp_path: Path) -> None:
    (tmp_path / "site_of_a_shop.py").write_text(
        textwrap.dedent(
            """
            import asyncio

            async def send(mail):
                raise OSError(mail)

            async def app(scope, receive, send_):
                if scope["type"] != "http":
                    return
                asyncio.create_task(send("invoice"))
                await send_({"type": "http.response.start", "status": 200, "headers": []})
                await send_({"type": "http.response.body", "body": b"ordered"})
            """
        )
    )
    port, journal, log = free_port(), tmp_path / "records", tmp_path / "log"
    command = [sys.executable, "-m", "heard", "run", "--json", str(journal), *_serving(server, port, "site_of_a_shop:app")]
    with log.open("w") as stderr:
        process = subprocess.Popen(command, cwd=tmp_path, env=_environment(), stderr=stderr, stdout=stderr, text=True)
        try:
            assert _get(f"http://127.0.0.1:{port}/", process, log) == b"ordered"
            wait_for_lines(journal, 1, process)
        finally:
            stop(process)
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [record["exception"]["type"] for record in found if record["event"] == "task-failed"] == ["OSError"]
    assert (found[0]["coroutine"], found[0]["born"][0]["function"]) == ("send", "app")
    assert found[0]["process"] != process.pid
    assert [record["event"] for record in found] == ["task-failed"], log.read_text()


PAGE = Path(__file__).parents[2] / "docs" / "production.md"


@needs("gunicorn", "uvicorn", "uvicorn-worker", "prometheus-client")
@pytest.mark.parametrize("server", SERVERS)
def test_the_workers_of_a_server_are_scraped_as_one(server: str, tmp_path: Path) -> None:
    for name, text in re.findall(r"^```py file=(\S+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text)
    files, port, log = tmp_path / "metrics", free_port(), tmp_path / "log"
    files.mkdir()
    command = [sys.executable, *_serving(server, port, "shop:app")]
    command += [] if server == "uvicorn" else ["--config", "gunicorn.conf.py"]
    environment = _environment() | {"PROMETHEUS_MULTIPROC_DIR": str(files)}
    orders = 8
    with log.open("w") as stderr:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=stderr, stdout=stderr, text=True)
        try:
            for _ in range(orders):
                assert _get(f"http://127.0.0.1:{port}/", process, log) == b"ordered"
            deadline, said = time.monotonic() + PATIENCE, ""
            while f"heard_lost_total {orders}.0" not in said.splitlines() and time.monotonic() < deadline:
                said = _get(f"http://127.0.0.1:{port}/metrics", process, log).decode()
                time.sleep(0.1)
        finally:
            stop(process)
    found = [line for line in said.splitlines() if line.startswith("heard_")]
    failures = f'heard_failures_total{{event="task-failed",rule="dropped-task",verdict="lost"}} {orders}.0'
    assert {failures, f"heard_lost_total {orders}.0", "heard_unread_failures 0.0"} <= set(found), (found, log.read_text())


def _serving(server: str, port: int, app: str) -> list[str]:
    """What follows `python` to serve an application there."""
    command = ["-m", *SERVERS[server], app]
    if server == "uvicorn":
        return [*command, "--port", str(port)]
    command += ["--bind", f"127.0.0.1:{port}"]
    return [*command, "--no-control-socket"] if _has_option("--no-control-socket") else command


def _has_option(option: str) -> bool:
    shown = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--help"], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return option in shown.stdout


def _get(url: str, process: subprocess.Popen[str], log: Path) -> bytes:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as response:
                body: bytes = response.read()
                return body
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url}:\n{log.read_text()}")


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTHONASYNCIO"))}
    return kept | {"no_proxy": "127.0.0.1", "JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@needs("ipykernel", "jupyter-client")
def test_a_notebook_is_heard(tmp_path: Path) -> None:
    connection, journal, log = tmp_path / "connection.json", tmp_path / "records", tmp_path / "log"
    client = f"""
        import sys, time
        from jupyter_client import BlockingKernelClient

        client = BlockingKernelClient(connection_file={str(connection)!r})
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout={PATIENCE})
        for cell in (
            "import asyncio\\nasync def send(mail):\\n    raise OSError(mail)",
            "_ = asyncio.create_task(send('invoice')); del _\\nawait asyncio.sleep(0.05)",
        ):
            reply = client.execute_interactive(cell, timeout={PATIENCE}, output_hook=lambda message: None)
            assert reply["content"]["status"] == "ok", reply
        client.stop_channels()
        """
    command = [sys.executable, "-m", "heard", "run", "--json", str(journal), "-m", "ipykernel_launcher"]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "-f", str(connection)], cwd=tmp_path, env=_environment(), stderr=stderr, stdout=stderr, text=True
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not (connection.exists() and connection.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.05)
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", textwrap.dedent(client)],
                env=_environment(),
                cwd=tmp_path,
                timeout=2 * PATIENCE,
                check=True,
            )
            found = wait_for_lines(journal, 1, process)
        finally:
            stop(process)
    failed = [record for record in found if record["event"] == "task-failed"]
    assert [record["coroutine"] for record in failed] == ["send"], log.read_text()
    # A cell is a module of its own.
    assert failed[0]["born"][0]["function"] in ("<module>", "<cell line: 1>")
    assert failed == found
