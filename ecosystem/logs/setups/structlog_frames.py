"""structlog's objects, with the traceback as frames."""

# /// script
# dependencies = ["structlog"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
import structlog

before = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper()]
formatter = structlog.stdlib.ProcessorFormatter(
    processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(),
    ],
    foreign_pre_chain=before,
)
writer = logging.StreamHandler()
writer.setFormatter(formatter)
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
