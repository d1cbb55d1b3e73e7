"""python-json-logger over several lines, with tracebacks as lists."""

# /// script
# dependencies = ["python-json-logger"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop
from pythonjsonlogger.json import JsonFormatter

writer = logging.StreamHandler()
writer.setFormatter(JsonFormatter(timestamp=True, json_indent=2, exc_info_as_array=True))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
