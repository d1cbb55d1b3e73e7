"""gunicorn with two workers: its own lines have a layout, and asyncio's have none."""

# /// script
# dependencies = ["gunicorn", "uvicorn-worker"]
#
# [tool.heard]
# processes = 2
# time = "none"
# ///

import os
import pathlib
import subprocess
import sys

import shop


async def app(scope, receive, send):
    """Loses everything when the worker starts; the last of the two ends the server."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await shop.lose()
            pathlib.Path(f"lost-{os.getpid()}").touch()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return


if __name__ == "__main__":
    options = ["-k", "uvicorn_worker.UvicornWorker", "-w", "2", "--bind", "127.0.0.1:0", "--log-level", "debug"]
    command = [sys.executable, "-m", "gunicorn", "gunicorn_workers:app", *options]
    with subprocess.Popen(command) as server:
        while len([*pathlib.Path().glob("lost-*")]) < 2:
            try:
                server.wait(0.05)
                break
            except subprocess.TimeoutExpired:
                pass
        server.terminate()
