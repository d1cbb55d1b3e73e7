"""Graylog's fields: a short text and a full one."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        text = record.getMessage()
        full = text + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")
        fields = {"version": "1.1", "host": "wharf", "short_message": text.split("\n")[0], "full_message": full}
        return json.dumps(fields | {"timestamp": record.created, "level": 3, "_logger": record.name})


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
