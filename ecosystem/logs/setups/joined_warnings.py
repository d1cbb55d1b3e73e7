"""A warning and its line of source in one line."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop


class OneLine(logging.Filter):
    def filter(self, record):
        if record.name == "py.warnings":
            record.args = tuple(" ".join(text.split("\n")).rstrip() for text in record.args)
        return True


writer = logging.StreamHandler()
writer.addFilter(OneLine())
logging.basicConfig(
    level="INFO",
    format="%(asctime)s.%(msecs)03d %(levelname)s (%(threadName)s) [%(name)s] %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S",
    handlers=[writer],
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
