"""uvicorn's own loggers have a layout; asyncio's lines have none."""

# /// script
# dependencies = ["uvicorn"]
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
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "uvicorn", "uvicorn_own_layout:app", "--port", "0"])
