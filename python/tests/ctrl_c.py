"""Ends a program by Ctrl-C at random moments, plainly and under `heard run`: the outcome is the same.

    python ctrl_c.py [MOMENTS [SEED]]

The program counts to a number that is chosen at random, in a loop that makes, cancels and fails tasks all the time, and
then sends itself the signal from another thread. What it prints, and how it ends, says what it was told.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import asyncio, os, random, signal, sys, threading

steps, spin = int(sys.argv[1]), int(sys.argv[2])
going = threading.Event()

def interrupt():
    going.wait()
    for _ in range(spin):
        pass
    os.kill(os.getpid(), signal.SIGINT)

async def fail():
    await asyncio.sleep(0)
    raise ValueError("one of many")

async def step(kept):
    asyncio.create_task(fail())
    kept.append(asyncio.create_task(fail()))
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(fail(), fail(), return_exceptions=True)
    del kept[:-3]

async def main():
    kept = []
    try:
        for number in range(10**9):
            if number == steps:
                going.set()
            await step(kept)
    finally:
        print("finally", flush=True)

threading.Thread(target=interrupt, daemon=True).start()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""


def outcome(path: Path, steps: int, spin: int, *launcher: str) -> tuple[int, str, bool]:
    ended = subprocess.run(
        [sys.executable, *launcher, str(path), str(steps), str(spin)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    is_clean = "heard/launch" not in ended.stderr and "heard/report" not in ended.stderr
    return ended.returncode, ended.stdout, is_clean


def main(moments: int, seed: int) -> int:
    chance = random.Random(seed)
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.py"
        path.write_text(PROGRAM)
        for _ in range(moments):
            steps, spin = chance.randrange(1, 200), chance.randrange(0, 20_000)
            plain, monitored = outcome(path, steps, spin), outcome(path, steps, spin, "-m", "heard", "run", "-q")
            if plain != monitored:
                different += 1
                print(f"steps {steps}, spin {spin}: {plain} plainly, {monitored} under heard", flush=True)
    print(f"{moments} moments (seed {seed}), {different} with another outcome")
    return 1 if different else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(arguments[0] if arguments else 400, arguments[1] if len(arguments) > 1 else 1))
