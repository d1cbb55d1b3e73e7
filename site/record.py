#!/usr/bin/env python3
"""Records what `heard top` sees of the demo under load: record.py [GUESTS], with heard where Python finds it.

The restaurant of `demo` serves so many parties at the same time, under `heard run`; once there are several hundred
tasks and somebody holds a failure, one answer is written to `site/top.json`, with the paths of this repository and one
task of each birth. The picture of `heard top` in the docs is drawn of that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import typing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "site" / "top.json"
#: From so many tasks on, the service is under load; no more than 500 of them are told one by one.
_LOAD = 300
#: Seconds for what takes three.
_PATIENCE = 60.0

_EVENING = """
import asyncio
from demo.customer import Customer
from demo.house import House


async def evening():
    house = House()
    port = await house.open()
    async with asyncio.TaskGroup() as parties:
        for _ in range(GUESTS):
            parties.create_task(Customer(port).dine())
    await house.close()


asyncio.run(evening())
"""


def record(guests: int) -> typing.Any:
    """One answer under load."""
    with tempfile.TemporaryDirectory(prefix="heard-") as folder:
        program = Path(folder) / "evening.py"
        program.write_text(_EVENING.replace("GUESTS", str(guests)), encoding="utf-8")
        paths = [str(ROOT), str(ROOT / "python"), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"HEARD_WATCH": folder, "PYTHONPATH": os.pathsep.join(paths)}
        with subprocess.Popen(
            [sys.executable, "-m", "heard", "run", str(program)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as service:
            try:
                end = time.monotonic() + _PATIENCE
                top = [sys.executable, "-m", "heard", "top", f"unix://{folder}/{service.pid}.sock", "--json", "--once"]
                while time.monotonic() < end:
                    seen = subprocess.run(top, env=environment, capture_output=True, text=True, check=False)
                    data = json.loads(seen.stdout) if seen.returncode == 0 else {"total": 0, "unread": []}
                    if data["total"] >= _LOAD and data["unread"] and len(data["tasks"]) == data["total"]:
                        return _here(data, program)
                raise TimeoutError(f"there were never {_LOAD} tasks: take more guests")
            finally:
                service.kill()


def _here(data: typing.Any, program: Path) -> typing.Any:
    """Without what is so on this machine alone."""
    text = json.dumps(data)
    for path, name in ((str(program), "evening.py"), (f"{ROOT}/", ""), (f"{sys.base_prefix}/", "")):
        text = text.replace(json.dumps(path)[1:-1], name)
    here = json.loads(text)
    # The screen shows one task of each birth.
    examples: dict[str, typing.Any] = {}
    for task in here["tasks"]:
        examples.setdefault(json.dumps([task["coroutine"], task["born"][:1]]), task)
    here["tasks"] = list(examples.values())
    return here


if __name__ == "__main__":
    found = record(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
