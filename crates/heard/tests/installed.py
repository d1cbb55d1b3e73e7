"""The README's first steps with what pip has installed: installed.py FOLDER_OF_SCRIPTS DEMO.

FOLDER_OF_SCRIPTS is that of a fresh environment with both packages. Nothing else is on the PATH, so no cargo.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

APP = """\
import asyncio


async def work() -> None:
    raise ValueError("no such order")


async def main() -> None:
    task = asyncio.create_task(work())
    await asyncio.sleep(0)


asyncio.run(main())
"""

#: A project that depends on heard, and whose failures nobody hears before they are mended.
SHOP = """\
import asyncio


async def send(mail: str) -> None:
    raise OSError(mail)


async def main() -> None:
    await asyncio.gather(send("gathered"), return_exceptions=True)
    asyncio.create_task(send("spawned"))
    await asyncio.sleep(0.1)
    print("sent")


asyncio.run(main())
"""


def main(scripts: pathlib.Path, demo: pathlib.Path) -> None:
    environment = {"PATH": str(scripts), "HOME": os.environ.get("HOME", ""), "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}
    readme = (demo.parent / "README.md").read_text(encoding="utf-8")
    summary = re.search(r"^\d+ findings in \d+ files \(\d+ files checked\)", readme, re.MULTILINE)
    assert summary, "the README does not say what the demo comes to"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(demo, folder / "demo", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "pyproject.toml").write_text('[project]\nname = "shop"\n')
        (folder / "app.py").write_text(APP)

        def run(*command: str) -> subprocess.CompletedProcess[str]:
            program = shutil.which(command[0], path=str(scripts))
            assert program, f"{command[0]} is not in {scripts}"
            return subprocess.run([program, *command[1:]], cwd=folder, env=environment, capture_output=True, encoding="utf-8")

        for start in (["heard"], ["python", "-m", "heard"]):
            ran = run(*start, "check", "demo")
            assert ran.returncode == 1 and summary[0] in ran.stderr, (start, ran)
            ran = run(*start, "audit", "app.py")
            assert ran.returncode == 0 and "lost" in ran.stdout, (start, ran)
            assert run(*start, "rule", "unread-gather").stdout.startswith("# unread-gather"), start
            ran = run(*start, "run", "app.py")
            assert ran.returncode == 0 and "heard: [lost] task" in ran.stderr, (start, ran)
            ran = run(*start, "run", "--strict", "app.py")
            assert ran.returncode == 1, (start, ran)
        assert run("heard", "check", "--write-baseline", ".").returncode == 0
        ran = run("heard", "check", "--baseline", "heard-baseline.json")
        assert ran.returncode == 0 and "in the baseline" in ran.stderr, ran
        shop = folder / "shop"
        shop.mkdir()
        (shop / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["heard-runtime"]\n')
        (shop / "app.py").write_text(SHOP)
        assert run("python", "shop/app.py").stderr.count("OSError: gathered") == 0
        ran = run("heard", "check", "--fix", "shop")
        mended = (shop / "app.py").read_text()
        assert ran.returncode == 0 and "heard.outcomes([" in mended and "heard.spawn(" in mended, (ran, mended)
        ran = run("python", "shop/app.py")
        assert (ran.returncode, ran.stdout) == (0, "sent\n"), ran
        assert "OSError: gathered" in ran.stderr and "OSError: spawned" in ran.stderr, ran
        version = run("heard", "--version").stdout.split()[-1]
        assert run("python", "-m", "heard", "--version").stdout.split()[-1] == version
    print(f"heard {version} works as it is installed")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
