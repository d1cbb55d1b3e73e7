"""The repr of a dictionary."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging
import sys

import shop


class Object(logging.Formatter):
    def format(self, record):
        return repr({"time": self.formatTime(record), "level": record.levelname, "message": super().format(record)})


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
