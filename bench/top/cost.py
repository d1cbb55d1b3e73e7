#!/usr/bin/env python3
"""What it costs a server to be watched: processor time a request of uvicorn, as a ratio to the monitor alone.

    python cost.py [--batches 300]

Four servers run beside each other: monitored, monitored once more as a control, watched with nobody attached, and
watched while `heard top` asks once a second. Batches of 50 requests go to each in turn; each request starts a task in
the background, beside 200 that wait. The time is that of the whole server process, so what else the machine does counts
little; medians of the ratios between neighbouring batches.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

SERVER = """
import asyncio, json, sys, time
import heard, uvicorn

kept = []

async def idle():
    await asyncio.get_running_loop().create_future()

async def note():
    await asyncio.sleep(0)

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if not kept:
        kept.extend(asyncio.create_task(idle()) for _ in range(200))
    heard.spawn(note())
    body = json.dumps(time.process_time()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

heard.install(watch=sys.argv[1] or False)
uvicorn.run(app, fd=int(sys.argv[2]), log_level="error", lifespan="off")
"""
WAYS = ("monitored", "control", "watched", "attached")
#: Requests between two looks at a server's clock.
BATCH = 50


@contextlib.contextmanager
def server(way: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server that runs in this way."""
    with tempfile.TemporaryDirectory(prefix="heard-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio does this for sockets that it makes itself; without, each answer waits for 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = [
            sys.executable,
            "-c",
            SERVER,
            folder if way in ("watched", "attached") else "",
            str(listener.fileno()),
        ]
        processes = [subprocess.Popen(command, pass_fds=[listener.fileno()])]
        try:
            connection = http.client.HTTPConnection(*listener.getsockname(), timeout=60)
            for _ in range(200):
                ask(connection)
            if way == "attached":
                url = f"unix://{os.path.join(folder, str(processes[0].pid))}.sock"
                top = [sys.executable, "-m", "heard", "top", url, "--json"]
                processes.append(subprocess.Popen(top, stdout=subprocess.DEVNULL))
            yield connection
        finally:
            for process in processes:
                process.kill()
                process.wait()


def ask(connection: http.client.HTTPConnection) -> float:
    connection.request("GET", "/")
    return float(json.loads(connection.getresponse().read()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=300)
    options = parser.parse_args()
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        connections = {way: stack.enter_context(server(way)) for way in WAYS}
        for number in range(options.batches):
            # Each way comes first in turn, so that a machine that gets busier favours none.
            for way in WAYS[number % len(WAYS) :] + WAYS[: number % len(WAYS)]:
                before = ask(connections[way])
                for _ in range(BATCH):
                    after = ask(connections[way])
                taken[way].append((after - before) / BATCH)
    for way in WAYS:
        ratios = [alone / this for alone, this in zip(taken["monitored"], taken[way], strict=True)]
        cost = 1e6 * statistics.median(taken[way])
        print(f"{way:10} {cost:4.0f} µs a request, {statistics.median(ratios):.3f} of the requests")


if __name__ == "__main__":
    main()
