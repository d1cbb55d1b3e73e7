"""hypercorn's own lines have a layout; asyncio's have none."""

# /// script
# dependencies = ["hypercorn"]
#
# [tool.heard]
# time = "none"
# ///

import asyncio
import signal
import subprocess
import sys

import shop


async def app(scope, receive, send):
    """Loses everything when the server starts, and then asks for its end."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await shop.lose()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
        asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)


if __name__ == "__main__":
    options = ["--bind", "127.0.0.1:0", "--access-logfile", "-", "--workers", "0"]
    subprocess.run([sys.executable, "-m", "hypercorn", "hypercorn_own_layout:app", *options])
