#!/usr/bin/env python3
"""What it costs a server to be watched: processor time a request of uvicorn, as a ratio to the monitor without a socket.

    python cost.py [--rounds 9] [--requests 4000]

Each round starts the server anew in each way, in turn: monitored, watched with nobody attached, and watched while
`heard top` asks once a second. Each request starts a task in the background, beside 200 that wait. The time is that of
the whole server process, so what else the machine does counts little; medians of the ratios within a round.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile

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
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})

heard.install(watch=sys.argv[1] or False)
uvicorn.run(app, fd=int(sys.argv[2]), log_level="error", lifespan="off")
"""
WAYS = ("monitored", "watched", "attached")


def round_of(way: str, requests: int) -> float:
    """Seconds of processor time that the server takes for so many requests."""
    with tempfile.TemporaryDirectory(prefix="heard-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        watch = "" if way == "monitored" else folder
        command = [sys.executable, "-c", SERVER, watch, str(listener.fileno())]
        server = subprocess.Popen(command, pass_fds=[listener.fileno()])
        top = None
        try:
            connection = http.client.HTTPConnection(*listener.getsockname(), timeout=60)
            ask(connection)
            if way == "attached":
                url = f"unix://{os.path.join(folder, str(server.pid))}.sock"
                top = subprocess.Popen([sys.executable, "-m", "heard", "top", url, "--json"], stdout=subprocess.DEVNULL)
            for _ in range(requests // 10):
                before = ask(connection)
            for _ in range(requests):
                after = ask(connection)
            return after - before
        finally:
            for process in (top, server):
                if process is not None:
                    process.kill()
                    process.wait()


def ask(connection: http.client.HTTPConnection) -> float:
    connection.request("GET", "/")
    return float(json.loads(connection.getresponse().read()))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=4000)
    options = parser.parse_args()
    ratios: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(options.rounds):
        # Each way comes first in turn, so that a machine that gets busier favours none.
        order = WAYS[number % 3 :] + WAYS[: number % 3]
        taken = {way: round_of(way, options.requests) for way in order}
        for way in WAYS:
            ratios[way].append(taken["monitored"] / taken[way])
        print(*(f"{way} {1e6 * taken[way] / options.requests:.0f} µs" for way in WAYS), flush=True)
    for way in WAYS[1:]:
        print(f"{way:10} {statistics.median(ratios[way]):.3f} of the requests, from {min(ratios[way]):.3f} to {max(ratios[way]):.3f}")


if __name__ == "__main__":
    main()
