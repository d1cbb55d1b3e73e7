"""Fields as an object behind the text, after the traceback."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        text = f"{self.formatTime(record)} {record.levelname} {record.name} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{text} {json.dumps({'pid': record.process, 'agent': 'shop'})}"


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
