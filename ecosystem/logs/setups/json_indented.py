"""An object a record over several lines, with bare lines in between."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        fields = {"time": self.formatTime(record), "level": record.levelname, "message": super().format(record)}
        return json.dumps(fields, indent=4)


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
