"""python-json-logger, with a field renamed."""

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
writer.setFormatter(
    JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"levelname": "severity"})
)
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
