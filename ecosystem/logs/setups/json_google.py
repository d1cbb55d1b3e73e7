"""Severity, and the traceback behind the text, as Google's libraries write it."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        seconds, nanos = divmod(int(record.created * 1e9), 1_000_000_000)
        fields = {"severity": record.levelname, "message": super().format(record)}
        return json.dumps(fields | {"timestamp": {"seconds": seconds, "nanos": nanos}})


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
