"""How processes end under the monitor: by signals, by `os._exit`, as forks. Nothing is missed or changed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
import typing
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

if sys.platform == "win32":
    pytest.skip("signals and forks", allow_module_level=True)

Launch = Callable[..., Finished]
RUN = ("-m", "heard", "run", "--grace", "60")

#: `keep(what)` makes a failure that somebody holds, and `lose(count)` some that are lost.
WORK = """
import asyncio, os, signal, sys, threading, time

async def fail(what):
    raise ValueError(what)

kept = []

async def keep_in_loop(what):
    kept.append(asyncio.create_task(fail(what)))
    for _ in range(10):
        await asyncio.sleep(0)

def keep(what):
    asyncio.run(keep_in_loop(what))

async def lose_in_loop(count):
    for _ in range(count):
        asyncio.create_task(fail("lost"))
    for _ in range(10):
        await asyncio.sleep(0)

def lose(count):
    asyncio.run(lose_in_loop(count))
"""


def program(source: str) -> str:
    return WORK + textwrap.dedent(source)


class Case(typing.NamedTuple):
    source: str
    #: Messages of the failures that have to be told, once each.
    told: tuple[str, ...] = ()
    #: What the summary says, if there is one.
    summary: str = ""


SIGNALS = {
    "SIGTERM": Case(
        "keep('held'); os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", ("held",), "1 failure was lost"
    ),
    "SIGTERM after losses": Case(
        "lose(50); os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", (), "50 failures were lost"
    ),
    "SIGTERM before there is anything to say": Case("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)"),
    "SIGTERM while the interpreter is busy": Case(
        "keep('held'); os.kill(os.getpid(), signal.SIGTERM)\nwhile True: pass", ("held",), "1 failure was lost"
    ),
    "SIGTERM when its handler has been taken back": Case(
        """
        keep('held')
        before = signal.signal(signal.SIGTERM, lambda *_: print('handled', flush=True))
        print(before is signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
        print('went on', flush=True)
        """,
        ("held",),
        "1 failure was lost",
    ),
    "SIGTERM under a handler of the loop": Case(
        """
        async def main():
            loop = asyncio.get_running_loop()
            await keep_in_loop('held')
            done = asyncio.Event()
            loop.add_signal_handler(signal.SIGTERM, done.set)
            os.kill(os.getpid(), signal.SIGTERM)
            await done.wait()
            print('closed')
        asyncio.run(main())
        """,
        ("held",),
        "1 failure was lost",
    ),
    "SIGTERM that is ignored": Case(
        """
        keep('held')
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGTERM)
        print('still here')
        """,
        ("held",),
        "1 failure was lost",
    ),
    "sigwait": Case(
        """
        keep('held')
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
        for number in (signal.SIGTERM, signal.SIGUSR1):
            os.kill(os.getpid(), number)
            print(signal.sigwait({signal.SIGTERM, signal.SIGUSR1}).name)
        """,
        ("held",),
        "1 failure was lost",
    ),
    "set_wakeup_fd": Case(
        """
        import socket
        keep('held')
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.set_wakeup_fd(theirs.fileno())
        os.kill(os.getpid(), signal.SIGUSR1)
        print(ours.recv(1)[0] == signal.SIGUSR1)
        """,
        ("held",),
        "1 failure was lost",
    ),
    "os._exit": Case("keep('held'); os._exit(7)", ("held",), "1 failure was lost"),
    "os._exit with nothing to say": Case("print('fine', flush=True); os._exit(7)"),
    "os._exit while a handler of the log hangs": Case(
        """
        import logging
        class Hangs(logging.Handler):
            def emit(self, record):
                threading.Event().wait()
        keep('held')
        logging.getLogger().addHandler(Hangs())
        os._exit(7)
        """
    ),
    "os._exit of another thread": Case(
        "keep('held'); threading.Thread(target=os._exit, args=(7,)).start(); time.sleep(30)",
        ("held",),
        "1 failure was lost",
    ),
    "an odd argument of os._exit": Case(
        "keep('held')\ntry: os._exit('x')\nexcept TypeError: print('refused')", ("held",), "1 failure was lost"
    ),
    "os.abort": Case("keep('held'); os.abort()"),
    "SIGKILL": Case("keep('held'); os.kill(os.getpid(), signal.SIGKILL)"),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_the_last_word_and_the_same_end(name: str, launch: Launch) -> None:
    case = SIGNALS[name]
    plain, monitored = launch(program(case.source)), launch(program(case.source), *RUN)
    assert (monitored.code, monitored.out) == (plain.code, plain.out), monitored.err
    for message in case.told:
        assert monitored.err.count(f"ValueError: {message}\n  ") == 1, monitored.err
    said = monitored.err.splitlines()[-1] if monitored.err else ""
    assert said == (f"heard: {case.summary}" if case.summary else ""), monitored.err


FORKS = {
    "a child that ends by itself": Case(
        "keep('parent')\nif not os.fork(): keep('child')\nelse: os.wait()", ("parent", "child")
    ),
    "a child that ends by os._exit": Case(
        "keep('parent')\nif not os.fork(): keep('child'); os._exit(0)\nos.wait()", ("parent", "child")
    ),
    "a child that says nothing of its own": Case(
        "lose(3)\nkeep('parent')\nif not os.fork(): os._exit(0)\nos.wait()", ("parent",)
    ),
    "a child that dies of SIGTERM": Case(
        """
        keep('parent')
        child = os.fork()
        if not child:
            keep('child')
            signal.raise_signal(signal.SIGTERM)
            time.sleep(30)
        print(os.WTERMSIG(os.waitpid(child, 0)[1]))
        """,
        ("parent", "child"),
    ),
    "children of children": Case(
        """
        keep('parent')
        if not os.fork():
            keep('child')
            if not os.fork():
                keep('grandchild')
                os._exit(0)
            os.wait()
            os._exit(0)
        os.wait()
        """,
        ("parent", "child", "grandchild"),
    ),
    "under a lock of the log": Case(
        """
        import logging
        handler = logging.StreamHandler()
        logging.getLogger().addHandler(handler)
        keep('parent')
        with handler.lock:
            child = os.fork()
            if not child:
                os._exit(0)
        print(os.waitpid(child, 0)[1])
        """,
        ("parent",),
    ),
    "from a process with threads": Case(
        """
        keep('parent')
        going, stop = threading.Barrier(3), threading.Event()
        def busy():
            going.wait()
            while not stop.is_set():
                lose(1)
        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        going.wait()
        codes = set()
        for _ in range(20):
            child = os.fork()
            if not child:
                signal.alarm(20)
                import heard
                called = threading.Event()
                # It is the clock that reports what is held.
                heard.install(grace=0.01, report=lambda failure: called.set())
                keep('grandchild')
                alive = called.wait(10)
                heard.uninstall()
                os._exit(0 if alive else 10)
            codes.add(os.waitpid(child, 0)[1])
        stop.set()
        for thread in threads:
            thread.join()
        print(codes)
        """,
        ("parent",),
    ),
}


@pytest.mark.parametrize("name", FORKS)
@pytest.mark.filterwarnings("ignore")
def test_forks_tell_what_is_theirs_once(name: str, launch: Launch, tmp_path: Path) -> None:
    case = FORKS[name]
    monitored = launch(program(case.source), "-W", "ignore", *RUN, "--json", str(tmp_path / "records"))
    if "threads" not in name:
        plain = launch(program(case.source))
        assert (monitored.code, monitored.out) == (plain.code, plain.out), monitored.err
    else:
        assert (monitored.code, monitored.out) == (0, "{0}\n"), monitored.err
    records = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    said = sorted(record["exception"]["message"] for record in records)
    assert [message for message in said if message != "lost"] == sorted(case.told)
    assert len({record["process"] for record in records if record["exception"]["message"] != "lost"}) == len(case.told)
    # Only the program itself is summed up.
    assert len(re.findall(r"heard: \d+ failures? (?:was|were) lost", monitored.err)) == 1, monitored.err


def test_a_fork_under_a_lock_that_the_receiver_takes(launch: Launch) -> None:
    source = """
        import heard
        lock, reporting = threading.Lock(), threading.Event()
        def report(failure):
            reporting.set()
            with lock:
                pass
        heard.install(grace=0.01, report=report)
        keep('parent')
        with lock:
            reporting.wait()
            child = os.fork()
            if not child:
                os._exit(0)
            print(os.waitpid(child, 0)[1])
    """
    ended = launch(program(source), "-W", "ignore")
    assert (ended.code, ended.out) == (0, "0\n"), ended.err


def test_an_end_while_the_receiver_hangs(launch: Launch) -> None:
    source = """
        import heard
        reporting = threading.Event()
        def report(failure):
            reporting.set()
            threading.Event().wait()
        heard.install(grace=0.01, report=report)
        keep('first')
        reporting.wait()
        keep('second')
        print("end")
    """
    ended = launch(program(source))
    assert (ended.code, ended.out, ended.err) == (0, "end\n", "")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("end", ["", "os._exit(3)", "signal.raise_signal(signal.SIGTERM); time.sleep(30)"])
@pytest.mark.filterwarnings("ignore")
def test_children_of_multiprocessing(method: str, end: str, launch: Launch) -> None:
    source = f"""
        import multiprocessing

        def work():
            keep("held")
            {end}

        if __name__ == "__main__":
            process = multiprocessing.get_context({method!r}).Process(target=work)
            process.start()
            process.join()
            print(process.exitcode)
    """
    plain, monitored = launch(program(source)), launch(program(source), "-W", "ignore", *RUN)
    assert (monitored.code, monitored.out) == (plain.code, plain.out), monitored.err
    assert monitored.err.count("ValueError: held\n  ") == 1, monitored.err


def test_a_pool_of_processes(launch: Launch) -> None:
    source = """
        import concurrent.futures, multiprocessing
        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
                pool.submit(keep, "held").result()
    """
    ended = launch(program(source), "-W", "ignore", *RUN)
    assert ended.code == 0 and ended.err.count("ValueError: held\n  ") == 1, ended.err


def test_ctrl_c_at_any_moment(tmp_path: Path) -> None:
    """Some here; `tests/ctrl_c.py 400` by hand."""
    script = Path(__file__).with_name("ctrl_c.py")
    ended = subprocess.run(
        [sys.executable, str(script), "12"], capture_output=True, text=True, timeout=200, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_signal_handler_that_raises_while_a_report_is_written(launch: Launch) -> None:
    source = """
        import heard

        heard.install(report=lambda failure: signal.raise_signal(signal.SIGINT))
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(lose_in_loop(1))
            print("swallowed")
        except KeyboardInterrupt:
            print("interrupted")
        print(heard.stats().lost)
    """
    assert launch(program(source)).out == "interrupted\n1\n"


def test_a_future_that_is_held_to_the_end(launch: Launch) -> None:
    """It is no task, so nothing says so while it is held."""
    ended = launch(
        program(
            """
            def hold(future):
                time.sleep(60)

            async def main():
                loop = asyncio.get_running_loop()
                futures = [loop.create_future() for _ in range(4)]
                for number, future in enumerate(futures):
                    future.set_exception(ValueError(f"number {number}"))
                futures[1].exception()
                futures[2].cancel()
                threading.Thread(target=hold, args=(futures[:3],), daemon=True).start()
                del futures[3]

            asyncio.run(main())
            print("over")
            """
        ),
        *RUN,
    )
    assert (ended.code, ended.out) == (0, "over\n")
    assert re.findall(r"a future failed.*ValueError: (number \d)", ended.err) == ["number 3", "number 0"]
    assert "2 failures were lost" in ended.err
