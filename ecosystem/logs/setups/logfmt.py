"""Pairs of names and values."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        text = json.dumps(super().format(record))
        return f'time="{self.formatTime(record)}" level={record.levelname.lower()} logger={record.name} msg={text}'


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
