"""structlog's pairs in the form of logfmt."""

# /// script
# dependencies = ["structlog"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
import structlog

before = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, structlog.processors.TimeStamper(fmt="iso")]
formatter = structlog.stdlib.ProcessorFormatter(
    processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(),
    ],
    foreign_pre_chain=before,
)
writer = logging.StreamHandler()
writer.setFormatter(formatter)
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
