"""loguru with colours and with values beside the source."""

# /// script
# dependencies = ["loguru"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import inspect
import logging
import sys

import shop
from loguru import logger


class Intercept(logging.Handler):
    def emit(self, record):
        frame, depth = inspect.currentframe(), 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(record.levelname, record.getMessage())


logger.remove()
logger.add(sys.stderr, colorize=True, backtrace=True, diagnose=True)
logging.basicConfig(handlers=[Intercept()], level=0)
logging.captureWarnings(True)
asyncio.run(shop.lose())
