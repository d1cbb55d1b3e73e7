"""`heard run` runs a program as Python does: what it sees of itself, what it prints, and how it ends."""

from __future__ import annotations

import dataclasses
import os
import py_compile
import re
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

WHO = """
import sys, os
main = sys.modules["__main__"]
print(sorted(name for name in vars(main) if name not in ("main", "sys", "os")))
print(main.__dict__ is globals(), __name__, __package__, type(__loader__), __doc__)
print(getattr(main, "__file__", None), getattr(main, "__cached__", None))
print(__spec__ and (__spec__.name, __spec__.origin, __spec__.parent))
print(sys.argv, sys.path[:2], sys.flags.safe_path)
"""


@dataclasses.dataclass(frozen=True)
class Case:
    """How a program is named on the command line of Python, in a folder where `prepare` has put it."""

    words: tuple[str, ...]
    prepare: Callable[[Path], None] = lambda folder: None
    options: tuple[str, ...] = ()
    stdin: str = ""


def file(source: str, name: str = "app.py") -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(source)

    return prepare


def compiled(name: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        file(WHO)(folder)
        py_compile.compile(str(folder / "app.py"), cfile=str(folder / name), doraise=True)

    return prepare


def archive(folder: Path) -> None:
    with zipfile.ZipFile(folder / "app.pyz", "w") as zipped:
        zipped.writestr("__main__.py", WHO + "import beside\n")
        zipped.writestr("beside.py", "print(__file__)\n")


def link(folder: Path) -> None:
    file(WHO, "there/app.py")(folder)
    (folder / "link.py").symlink_to(folder / "there" / "app.py")


def package(folder: Path) -> None:
    file("print('package', __name__)", "package/__init__.py")(folder)
    file(WHO, "package/__main__.py")(folder)
    file(WHO, "package/module.py")(folder)


CASES = {
    "a file": Case(("app.py", "-x", "two words"), file(WHO)),
    "a file by its full name": Case(("./sub/../app.py",), file(WHO)),
    "a file in another folder": Case(("sub/app.py",), file(WHO, "sub/app.py")),
    "a link to a file": Case(("link.py",), link),
    "a file without a suffix": Case(("app",), file(WHO, "app")),
    "a compiled file": Case(("app.pyc", "argument"), compiled("app.pyc")),
    "a compiled file under another name": Case(("app.bin",), compiled("app.bin")),
    "a compiled file of another Python": Case(("bad.pyc",), file("nothing", "bad.pyc")),
    "an archive": Case(("app.pyz", "argument"), archive),
    "a folder": Case(("folder", "argument"), file(WHO, "folder/__main__.py")),
    "a folder without a program": Case(("folder",), file(WHO, "folder/other.py")),
    "a module": Case(("-m", "app", "-m", "x"), file(WHO)),
    "a package": Case(("-m", "package", "argument"), package),
    "a module of a package": Case(("-m", "package.module"), package),
    "a module that is not there": Case(("-m", "nowhere.at_all")),
    "a command": Case(("-c", WHO, "-c", "argument")),
    "a command that raises": Case(("-c", "def f():\n  1/0\nf()")),
    "standard input": Case(("-", "argument"), stdin=WHO),
    "standard input that raises": Case(("-",), stdin="def f():\n  1/0\nf()"),
    "standard input is at its end": Case(("-",), stdin="import sys; print([sys.stdin.read()])"),
    "a file that is not there": Case(("nowhere.py",)),
    "a file that is no Python": Case(("app.py",), file("x = = 1")),
    "a module that is no Python": Case(("-m", "app"), file("x = = 1")),
    "a safe path": Case(("app.py",), file(WHO), options=("-P",)),
    "a module with a safe path": Case(("-m", "app"), file(WHO), options=("-P",)),
    "a traceback": Case(("app.py",), file("def f():\n  1/0\nf()")),
    "a traceback of a module": Case(("-m", "app"), file("def f():\n  1/0\nf()")),
    "a traceback of an archive": Case(("folder",), file("def f():\n  1/0\nf()", "folder/__main__.py")),
    "causes": Case(("app.py",), file("try:\n  1/0\nexcept Exception as e:\n  raise KeyError('x') from e")),
    "a group": Case(("app.py",), file("raise ExceptionGroup('two', [ValueError(1), KeyError(2)])")),
    "a hook of its own": Case(
        ("app.py",), file("import sys\nsys.excepthook = lambda *a: print('hook', a[0], a[1], a[2].tb_lineno)\n1/0")
    ),
    "what is called at the end": Case(
        ("app.py",),
        file(
            "import atexit, sys, threading\n"
            "def end(): print('end', threading.main_thread().is_alive(), '__file__' in globals(), sys.exc_info())\n"
            "atexit.register(end)\n"
            "threading._register_atexit(print, 'before the threads')\n"
            "threading.Thread(target=lambda: (threading.main_thread().join(), print('thread'))).start()\n"
            "print('main')\n"
        ),
    ),
    "what is called at the end after a failure": Case(
        ("app.py",),
        file(
            "import atexit, sys\n"
            "def end(): print('end', sys.last_type, sys.last_traceback.tb_lineno, '__file__' in globals())\n"
            "atexit.register(end)\n"
            "1/0"
        ),
    ),
    "what fails at the end": Case(("app.py",), file("import atexit\natexit.register(lambda: 1/0)")),
    "sys.exit in a function at the end": Case(("app.py",), file("import atexit, sys\natexit.register(sys.exit, 3)")),
    "an exit code": Case(("app.py",), file("import sys; sys.exit(300)")),
    "an odd exit code": Case(("app.py",), file("import sys; sys.exit((1, 2))")),
    "an exit in a thread": Case(("app.py",), file("import sys, threading\nthreading.Thread(target=sys.exit).start()\nprint(1)")),
    "Ctrl-C": Case(("app.py",), file("def f():\n  raise KeyboardInterrupt\nf()")),
    "Ctrl-C in a module": Case(("-m", "app"), file("def f():\n  raise KeyboardInterrupt\nf()")),
    "Ctrl-C in a loop": Case(
        ("app.py",),
        file(
            "import asyncio, os, signal\n"
            "async def main():\n"
            "  os.kill(os.getpid(), signal.SIGINT)\n"
            "  await asyncio.sleep(60)\n"
            "asyncio.run(main())"
        ),
    ),
    "Ctrl-C while threads end": Case(
        ("app.py",),
        file(
            "import atexit, os, signal, threading\n"
            "atexit.register(print, 'end')\n"
            "def work():\n"
            "  threading.main_thread().join()\n"
            "  os.kill(os.getpid(), signal.SIGINT)\n"
            "threading.Thread(target=work).start()\n"
        ),
    ),
    "threads that come back from waiting when it has ended": Case(
        ("app.py",),
        file(
            "import asyncio, concurrent.futures, sys, threading, time\n"
            "class Slow:\n"
            "  def __del__(self, sleep=time.sleep, print=print): sleep(0.2); print('end')\n"
            "sys.modules['slow'] = Slow()\n"
            "loop = asyncio.new_event_loop()\n"
            "threading.Thread(target=loop.run_forever, daemon=True).start()\n"
            "def call(): asyncio.run_coroutine_threadsafe(asyncio.sleep(9), loop).result(0.01)\n"
            "def look(): concurrent.futures.Future().exception(0.01)\n"
            "def answer():\n"
            "  future = concurrent.futures.Future()\n"
            "  future.add_done_callback(lambda _: time.sleep(0.01))\n"
            "  future.set_result(None)\n"
            "def for_ever(wait):\n"
            "  while True:\n"
            "    try: wait()\n"
            "    except concurrent.futures.TimeoutError: pass\n"
            "for wait in (call, look, answer):\n"
            "  threading.Thread(target=for_ever, args=(wait,), daemon=True).start()\n"
            "time.sleep(0.05)\n"
        ),
    ),
    "pickled": Case(
        ("app.py",),
        file("import pickle\nclass Thing: pass\nprint(type(pickle.loads(pickle.dumps(Thing()))) is Thing, __name__)"),
    ),
    "spawned": Case(
        ("app.py",),
        file(
            "import multiprocessing\n"
            "def work(): print('child', __name__)\n"
            "if __name__ == '__main__':\n"
            "  process = multiprocessing.get_context('spawn').Process(target=work)\n"
            "  process.start(); process.join(); print(process.exitcode)\n"
        ),
    ),
}


def end_of(case: Case, folder: Path, *launcher: str) -> tuple[int, str, str]:
    folder.mkdir()
    (folder / "sub").mkdir()
    case.prepare(folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEARD", "PYTHONASYNCIO"))}
    ended = subprocess.run(
        [sys.executable, *case.options, *launcher, *case.words],
        cwd=folder,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        input=case.stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Threads and processes are the only ones to have numbers.
    err = re.sub(r"0x[0-9a-f]+|Thread-\d+|\d{6,}", "#", ended.stderr)
    # From 3.13 on, what Python says depends on whether the signal comes just before it waits for a thread or just after.
    err = re.sub(r"^Exception ignored (on threading shutdown|while joining a thread in _thread\._shutdown\(\)).*\n", "", err, flags=re.M)
    return ended.returncode, ended.stdout.replace(str(folder), "."), err.replace(str(folder), ".")


@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["", "strict"])
@pytest.mark.parametrize("name", CASES)
def test_as_python_runs_it(name: str, strict: tuple[str, ...], tmp_path: Path) -> None:
    case = CASES[name]
    plain = end_of(case, tmp_path / "plain")
    assert end_of(case, tmp_path / "heard", "-m", "heard", "run", *strict) == plain
    assert any(plain), "the program says nothing"


IDLE = {
    "a pool of the module": """
        import concurrent.futures
        pool = concurrent.futures.ThreadPoolExecutor(2)
        print(pool.submit(pow, 2, 3).result())
    """,
    "the default one of a loop": """
        import asyncio
        async def main():
            await asyncio.get_running_loop().run_in_executor(None, print, "work")
        asyncio.new_event_loop().run_until_complete(main())
        print("done")
    """,
    "a pool of processes": """
        import concurrent.futures, multiprocessing
        if __name__ == "__main__":
            pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("forkserver"))
            print(pool.submit(pow, 2, 3).result())
    """,
    "a daemon thread": """
        import threading
        started = threading.Event()
        def work():
            started.set()
            threading.Event().wait()
        threading.Thread(target=work, daemon=True).start()
        started.wait()
        print("done")
    """,
    "a thread that ends when it is told to at exit": """
        import threading
        stop = threading.Event()
        threading._register_atexit(stop.set)
        threading.Thread(target=lambda: (stop.wait(), print("stopped"))).start()
        print("done")
    """,
}


@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["", "strict"])
@pytest.mark.parametrize("name", IDLE)
def test_what_is_idle_at_the_end_ends_as_ever(name: str, strict: tuple[str, ...], tmp_path: Path) -> None:
    case = Case(("app.py",), file(textwrap.dedent(IDLE[name])))
    plain = end_of(case, tmp_path / "plain")
    assert end_of(case, tmp_path / "heard", "-m", "heard", "run", *strict) == plain == (0, plain[1], "")


def test_a_loop_that_is_left_open_can_close_its_sockets(tmp_path: Path) -> None:
    # A collection between the two makes the loop older than its sockets.
    source = """
        import asyncio, gc
        from asyncio.selector_events import BaseSelectorEventLoop
        make_sockets = BaseSelectorEventLoop._make_self_pipe
        def _make_self_pipe(self):
            gc.collect(0)
            make_sockets(self)
        BaseSelectorEventLoop._make_self_pipe = _make_self_pipe
        asyncio.new_event_loop().run_until_complete(asyncio.sleep(0, print("done")))
    """
    case = Case(("app.py",), file(textwrap.dedent(source)))
    assert end_of(case, tmp_path / "heard", "-m", "heard", "run") == (0, "done\n", "")


@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["", "strict"])
def test_the_last_word_comes_after_threads_and_what_is_called_at_exit(strict: tuple[str, ...], tmp_path: Path) -> None:
    source = """
        import asyncio, atexit, threading
        async def fail(what):
            raise ValueError(what)
        async def main(kept, what):
            kept.append(asyncio.create_task(fail(what)))
            await asyncio.sleep(0)
        def lose(what):
            asyncio.run(main(lost, what))
        kept, lost = [], []
        asyncio.run(main(kept, "read at exit"))
        atexit.register(lambda: kept[0].exception())
        atexit.register(lose, "lost at exit")
        def work():
            threading.main_thread().join()
            lose("lost by a thread")
        threading.Thread(target=work).start()
    """
    case = Case(("app.py",), file(textwrap.dedent(source)))
    code, _, err = end_of(case, tmp_path / "heard", "-m", "heard", "run", "--grace", "60", *strict)
    assert code == (1 if strict else 0), err
    assert "read at exit" not in err
    assert err.index("ValueError: lost by a thread") and err.index("ValueError: lost at exit")
    assert err.endswith("heard: 2 failures were lost\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_summary_is_said_where_python_dies_of_ctrl_c(tmp_path: Path) -> None:
    source = """
        import asyncio
        async def fail():
            raise ValueError("lost")
        async def main():
            asyncio.create_task(fail())
            await asyncio.sleep(0.01)
        asyncio.run(main())
        raise KeyboardInterrupt
    """
    case = Case(("app.py",), file(textwrap.dedent(source)))
    code, _, err = end_of(case, tmp_path / "heard", "-m", "heard", "run")
    assert code == -signal.SIGINT
    assert err.endswith("KeyboardInterrupt\nheard: 1 failure was lost\n")
