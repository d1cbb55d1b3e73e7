"""The events that Sentry's library sends, an object a line."""

# /// script
# dependencies = ["sentry-sdk"]
#
# [tool.heard]
# reads = ["events.jsonl"]
# without = ["coroutine-never-awaited"]
# ///

import asyncio
import json
import logging

import sentry_sdk
import shop


def keep(event, hint):
    with open("events.jsonl", "a") as file:
        print(json.dumps(event, default=str), file=file)


sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", before_send=keep)
logging.basicConfig(level="INFO")
asyncio.run(shop.lose())
