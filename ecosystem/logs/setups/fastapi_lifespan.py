"""FastAPI loses everything when it starts; uvicorn has a layout with milliseconds and bars."""

# /// script
# dependencies = ["fastapi", "uvicorn"]
#
# [tool.heard]
# ///

import asyncio
import contextlib
import signal

import shop
import uvicorn
from fastapi import FastAPI


@contextlib.asynccontextmanager
async def life(app):
    await shop.lose()
    asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)
    yield


if __name__ == "__main__":
    config = uvicorn.config.LOGGING_CONFIG
    config["formatters"]["default"]["fmt"] = "%(asctime)s.%(msecs)03d | %(levelprefix)s | %(name)s | %(message)s"
    config["loggers"]["asyncio"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    uvicorn.run(FastAPI(lifespan=life), port=0, log_config=config)
