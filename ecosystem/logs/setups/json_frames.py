"""The traceback as a list of frames."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging
import traceback

import shop


class Object(logging.Formatter):
    def format(self, record):
        fields = {"time": self.formatTime(record), "level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            frames = traceback.extract_tb(record.exc_info[2])
            fields["exception"] = {"type": record.exc_info[0].__name__, "value": str(record.exc_info[1])}
            fields["exception"]["frames"] = [{"file": at.filename, "line": at.lineno, "name": at.name} for at in frames]
        return json.dumps(fields)


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
