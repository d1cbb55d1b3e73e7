"""`heard top`: what runs in a watched process, who may ask, and that the process does not suffer from it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import heard

#: A program whose tasks are known. It says when it is ready, and ends when it is told to.
KNOWN = """
import asyncio, sys
import heard

async def pause():
    await asyncio.get_running_loop().create_future()

async def work(number):
    await pause()

async def gatherer():
    await asyncio.gather(asyncio.create_task(work(1), name="gathered"))

async def waiter():
    await asyncio.wait([asyncio.create_task(work(2), name="waited-for")])

async def grouper():
    async with asyncio.TaskGroup() as group:
        group.create_task(work(3), name="grouped")

async def flaky():
    if not hasattr(flaky, "failed"):
        flaky.failed = True
        raise ConnectionError("refused")
    await pause()

async def broken():
    raise ValueError("no such order")

async def main():
    kept = [asyncio.create_task(work(number), name=f"idle-{number}") for number in range(3)]
    kept += [asyncio.create_task(make(), name=make.__name__) for make in (gatherer, waiter, grouper)]
    service = heard.supervise(flaky, name="feed", backoff=heard.Backoff(first=0, most=0, jitter=0))
    globals()["unread"] = asyncio.create_task(broken(), name="unread")
    while service.restarts == 0 or not heard.stats().unread:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in kept:
        task.cancel()
    await service.stop()

heard.install(watch=True, grace=0)
asyncio.run(main())
"""


class Watched(typing.NamedTuple):
    process: subprocess.Popen[str]
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.process.pid}.sock"

    def end(self) -> tuple[str, str]:
        return self.process.communicate(timeout=60)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sockets of these tests lie: paths of sockets are short."""
    folder = Path(f"/tmp/heard-test-{os.getpid()}-{abs(hash(tmp_path)):x}"[:60])
    monkeypatch.setenv("HEARD_WATCH", str(folder))
    return folder


@contextlib.contextmanager
def watched(source: str, folder: Path, *launcher: str, ready: str = "ready") -> Iterator[Watched]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HEARD", "PYTHONASYNCIO"))}
    source = textwrap.dedent(source).replace("watch=True", f"watch={str(folder)!r}")
    process = subprocess.Popen(
        [sys.executable, *launcher, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment | ({"HEARD_WATCH": str(folder)} if launcher else {}),
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line == ready, (line, process.stderr.read() if process.stderr and not line else "")
        yield Watched(process, folder)
    finally:
        # Its children have the other ends of the pipes.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        with contextlib.suppress(OSError):
            for left in folder.iterdir():
                left.unlink()
            folder.rmdir()


def top(target: object, *options: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "heard", "top", str(target), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def snapshot(target: object) -> dict[str, typing.Any]:
    found: dict[str, typing.Any] = json.loads(top(target, "--json", "--once"))
    return found


def test_a_program_with_known_tasks(folder: Path) -> None:
    with watched(KNOWN, folder) as program:
        data = snapshot(program.process.pid)
        assert data["process"] == program.process.pid
        tasks = {task["name"]: task for task in data["tasks"]}
        names = {task["id"]: task["name"] for task in data["tasks"]}
        idle = [tasks[f"idle-{number}"] for number in range(3)]
        assert {task["coroutine"] for task in idle} == {"work"}
        assert {task["state"] for task in idle} == {"waiting"}
        assert [place["function"] for place in idle[0]["at"]] == ["pause", "work"]
        assert idle[0]["born"][0]["function"].startswith("main")
        assert all(task["age"] > 0 for task in idle)

        def waits(name: str) -> list[str]:
            return [names[one] for one in tasks[name]["awaited_by"]]

        assert waits("gathered") == ["gatherer"]
        assert waits("waited-for") == ["waiter"]
        assert waits("grouped") == ["grouper"]
        assert waits("idle-0") == []
        (group,) = data["groups"]
        assert (group["kind"], names[group["parent"]], [names[one] for one in group["tasks"]]) == (
            "asyncio.TaskGroup", "grouper", ["grouped"],
        )  # fmt: skip
        (service,) = data["services"]
        assert (service["name"], service["restarts"], service["state"]) == ("feed", 1, "running")
        assert service["last_failure"]["exception"]["message"] == "refused"
        (failure,) = data["unread"]
        assert (failure["task"], failure["exception"]["message"]) == ("unread", "no such order")
        assert data["stats"]["unread"] == 1
        (loop,) = data["loops"]
        assert (loop["running"], loop["blocked"], loop["tasks"]) == (True, None, data["total"])
        (of_idle,) = [one for one in data["births"] if one["coroutine"] == "work" and one["tasks"] == 3]
        assert of_idle["oldest"] == pytest.approx(max(task["age"] for task in idle), abs=0.001)
        _, said = program.end()
        assert program.process.returncode == 0, said
        assert not program.socket.exists()


def test_by_the_url_of_the_socket(folder: Path) -> None:
    with watched(KNOWN, folder) as program:
        assert snapshot(f"unix://{program.socket}")["process"] == program.process.pid


def test_the_screen(folder: Path) -> None:
    pytest.importorskip("rich", reason="rich is not installed, so there is no screen")
    with watched(KNOWN, folder) as program:
        said = " ".join(top(program.process.pid, "--once").split())
        for part in ("Tasks by birth", "Unread failures", "no such order", "Services", "feed", "asyncio.TaskGroup"):
            assert part in said


def test_the_screen_shows_where_the_program_waits() -> None:
    pytest.importorskip("rich", reason="rich is not installed, so there is no screen")
    from rich.console import Console

    from heard.top import screen

    def task(coroutine: str, *frames: str) -> dict[str, typing.Any]:
        at = [{"path": path, "line": 7, "function": "wait"} for path in frames]
        born = [{"path": f"{coroutine}.py", "line": 1, "function": "main"}]
        return {"id": coroutine, "name": "", "coroutine": coroutine, "born": born, "at": at, "awaited_by": []}

    tasks = [task("poll", "/usr/lib/python3.13/asyncio/tasks.py", "shop/feed.py"), task("idle", "/usr/lib/asyncio/locks.py")]
    births = [{"coroutine": one["coroutine"], "born": one["born"], "tasks": 1, "oldest": 1.0} for one in tasks]
    seen = {"process": 1, "program": [], "total": 2, "stats": dict.fromkeys(("lost", "unread", "retracted"), 0)}
    console = Console(width=160, file=io.StringIO(), _environ={})
    console.print(screen.render(seen | {"loops": [], "unread": [], "services": [], "groups": [], "tasks": tasks, "births": births}, None))
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "shop/feed.py:7 in wait" in said and "asyncio/tasks.py" not in said
    assert "/usr/lib/asyncio/locks.py:7 in wait" in said
    assert "2 tasks, failures: none" in said
    alone = seen | {"total": 1, "loops": [], "unread": [], "services": [], "groups": [], "tasks": [], "births": []}
    console.print(screen.render(alone, None))
    assert "1 task, failures: none" in console.file.getvalue()


def test_the_screen_says_what_it_needs(folder: Path) -> None:
    with watched(KNOWN, folder) as program:
        code = (
            "import sys; sys.modules['rich'] = None; sys.modules['rich.console'] = None\n"
            f"from heard.launch.cli import main; main(['top', '{program.process.pid}', '--once'])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "heard-runtime[top]" in done.stderr and "--json" in done.stderr


def test_heard_run_is_watched_by_the_environment(folder: Path) -> None:
    source = """
        import asyncio, sys

        async def main():
            print("ready", flush=True)
            sys.stdin.read()

        asyncio.run(main())
    """
    with watched(source, folder, "-m", "heard", "run") as program:
        assert [task["coroutine"] for task in snapshot(program.process.pid)["tasks"]] == ["main"]


def test_nobody_is_watched_who_has_not_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARD_WATCH")
    before = threading.active_count()
    heard.install()
    try:
        assert threading.active_count() == before
        assert not Path(f"/tmp/heard-{os.geteuid()}/{os.getpid()}.sock").exists()
    finally:
        heard.uninstall()


HUNG = """
import asyncio, time, sys
import heard

def stuck():
    print("ready", flush=True)
    while True:
        time.sleep(0.01)

async def main():
    kept = asyncio.create_task(asyncio.sleep(3600), name="beside")
    stuck()

heard.install(watch=True)
LOOP
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_hung_loop_can_be_read(folder: Path, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed")
    start = "asyncio.run(main())" if loop == "asyncio" else "import uvloop; uvloop.run(main())"
    with watched(HUNG.replace("LOOP", start), folder) as program:
        data = snapshot(program.process.pid)
        (found,) = data["loops"]
        assert found["blocked"] > 0
        assert "stuck" in [place["function"] for place in found["stack"]]
        assert {task["name"]: task["state"] for task in data["tasks"]}["beside"] == "ready"
        # It is not asked again before it has turned, so the time goes on.
        assert snapshot(program.process.pid)["loops"][0]["blocked"] > found["blocked"]


def test_the_socket_is_for_its_user_alone(folder: Path) -> None:
    with watched(KNOWN, folder) as program:
        assert stat.S_IMODE(program.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


AS_ANOTHER = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(30)
    try:
        connection.connect(sys.argv[1])
        print(len(connection.recv(100)))
    except (PermissionError, ConnectionResetError) as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_refused(folder: Path) -> None:
    def as_another(path: Path) -> str:
        command = [sys.executable, "-c", AS_ANOTHER, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    with watched(KNOWN, folder) as program:
        assert as_another(program.socket) == "PermissionError"
        # Even if somebody has opened the socket to all.
        folder.chmod(0o711)
        program.socket.chmod(0o666)
        assert as_another(program.socket) in ("0", "ConnectionResetError")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    try:
        said = top(1, code=2)
        assert "belongs to another user" in said
        source = "import heard; heard.install(watch=True); print('ready', flush=True)"
        done = subprocess.run(
            [sys.executable, "-c", source.replace("watch=True", f"watch={str(folder)!r}")],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert "cannot be watched" in done.stderr and "another user" in done.stderr
    finally:
        folder.rmdir()


FORKS = """
import asyncio, os, sys, threading, warnings
import heard

warnings.simplefilter("error")

async def idle():
    await asyncio.get_running_loop().create_future()

async def main(name):
    kept = asyncio.create_task(idle(), name=name)
    await asyncio.sleep(0)
    print("ready", flush=True) if name == "parent" else os.write(writing, b"x")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read if name == "parent" else wait)

def wait():
    os.read(ending, 1)

heard.install(watch=True)
reading, writing = os.pipe()
ending, end = os.pipe()
child = os.fork()
if child == 0:
    asyncio.run(main("child"))
    os._exit(0)
os.read(reading, 1)
with open(os.path.join(FOLDER, "child"), "w") as file:
    file.write(str(child))
asyncio.run(main("parent"))
os.write(end, b"x")
os.waitpid(child, 0)
"""


def test_both_sides_of_a_fork_are_watched(folder: Path) -> None:
    with watched(FORKS.replace("FOLDER", repr(str(folder))), folder) as program:
        child = int((folder / "child").read_text())
        for process, name in ((program.process.pid, "parent"), (child, "child")):
            assert name in {task["name"] for task in snapshot(process)["tasks"]}
        _, said = program.end()
        assert (program.process.returncode, said) == (0, "")
        assert [path.name for path in folder.iterdir()] == ["child"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process(folder: Path, end: signal.Signals) -> None:
    with watched(KNOWN, folder) as program:
        program.process.send_signal(end)
        program.process.wait(timeout=60)
        assert f"no process {program.process.pid} is running" in top(program.process.pid, code=2)
        # The next one clears away what it has left.
        with watched(KNOWN, folder) as other:
            assert [path.name for path in folder.iterdir()] == [other.socket.name]


def test_a_process_that_is_not_watched(folder: Path) -> None:
    said = top(os.getpid(), code=2)
    assert "HEARD_WATCH=1" in said and "heard.install(watch=True)" in said


@pytest.mark.parametrize("target", ["http://127.0.0.1:1", "unix:relative", "name"])
def test_what_is_no_target(target: str) -> None:
    assert "neither" in top(target, code=2)


def test_who_connects_and_says_nothing_holds_nobody_up(folder: Path) -> None:
    with watched(KNOWN, folder) as program, contextlib.ExitStack() as stack:
        for _ in range(3):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(program.socket))
        assert snapshot(program.process.pid)["total"] > 0


def test_uninstall_removes_it(folder: Path) -> None:
    heard.install(watch=str(folder))
    path = folder / f"{os.getpid()}.sock"
    assert path.exists()
    heard.uninstall()
    assert not path.exists()
    assert "heard watch" not in {thread.name for thread in threading.enumerate()}
    folder.rmdir()


@pytest.fixture
def watched_here(folder: Path) -> Iterator[None]:
    """The process of the tests is watched."""
    heard.install(watch=str(folder))
    yield
    heard.uninstall()
    folder.rmdir()


@pytest.mark.usefixtures("watched_here")
def test_many_tasks_are_counted_by_birth() -> None:
    async def idle() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        tasks = [asyncio.create_task(idle()) for _ in range(3000)]
        await asyncio.sleep(0)
        data = await asyncio.to_thread(snapshot, os.getpid())
        (many,) = [one for one in data["births"] if one["tasks"] == 3000]
        assert many["coroutine"].endswith("idle")
        assert data["total"] >= 3001 and len(data["tasks"]) == 500
        for task in tasks:
            task.cancel()

    asyncio.run(main())


@pytest.mark.usefixtures("watched_here")
def test_a_future_that_everybody_waits_for() -> None:
    """Each of a thousand tasks waits for the same ones, in ways that lead through each other's futures."""

    async def main() -> None:
        never = asyncio.get_running_loop().create_future()
        shared = [asyncio.ensure_future(asyncio.shield(never)) for _ in range(3)]

        async def wait() -> None:
            await asyncio.wait({asyncio.ensure_future(one) for one in shared} | {never})

        tasks = [asyncio.create_task(wait()) for _ in range(1000)]
        await asyncio.sleep(0)
        data = await asyncio.to_thread(snapshot, os.getpid())
        assert data["total"] == 1001
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        never.cancel()

    asyncio.run(main())
