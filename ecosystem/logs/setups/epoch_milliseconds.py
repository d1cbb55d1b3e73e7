"""Milliseconds since 1970, computed by a filter."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop


def add_millis(*given, made=logging.getLogRecordFactory()):
    record = made(*given)
    record.millis = int(record.created * 1000)
    return record


logging.setLogRecordFactory(add_millis)
logging.basicConfig(level="INFO", format="%(millis)d %(levelname)s %(name)s %(message)s")
asyncio.run(shop.lose())
