"""uvicorn is given a configuration with a root logger."""

# /// script
# dependencies = ["uvicorn"]
#
# [tool.heard]
# ///

import asyncio
import json
import signal
import subprocess
import sys

import shop

LAYOUT = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(asctime)s %(levelprefix)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}


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
    with open("log.json", "w") as file:
        json.dump(LAYOUT, file)
    command = [sys.executable, "-m", "uvicorn", "uvicorn_configured:app", "--port", "0", "--log-config", "log.json"]
    subprocess.run(command)
