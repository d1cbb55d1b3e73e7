"""A head of text, and then an object."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        fields = {"logger": record.name, "message": super().format(record)}
        return f"{self.formatTime(record)} [{record.levelname}] {json.dumps(fields)}"


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
