"""Fields with dots in their names."""

# /// script
# [tool.heard]
# ///

import asyncio
import json
import logging

import shop


class Object(logging.Formatter):
    def format(self, record):
        fields = {"timestamp": int(record.created * 1000), "status": record.levelname, "message": record.getMessage()}
        fields["logger.name"] = record.name
        if record.exc_info:
            fields["error.kind"] = record.exc_info[0].__name__
            fields["error.message"] = str(record.exc_info[1])
            fields["error.stack"] = self.formatException(record.exc_info)
        return json.dumps(fields)


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
