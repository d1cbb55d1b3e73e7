"""uvloop in debug mode, JSON with an extra field."""

# /// script
# dependencies = ["uvloop"]
#
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop
import uvloop


class Object(logging.Formatter):
    def format(self, record):
        fields = {"severity": record.levelname, "time": self.formatTime(record), "message": record.getMessage()}
        if record.exc_info:
            fields["stack"] = self.formatException(record.exc_info).split("\n")
        return json.dumps(fields)


handler = logging.StreamHandler()
handler.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[handler])
uvloop.run(shop.lose(), debug=True)
