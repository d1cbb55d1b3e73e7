"""Fields of the Elastic Common Schema."""

# /// script
# [tool.heard]
# ///

import asyncio
import datetime
import json
import logging
import traceback

import shop


class Object(logging.Formatter):
    def format(self, record):
        moment = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc).isoformat()
        fields = {"@timestamp": moment, "log.level": record.levelname.lower(), "message": record.getMessage()}
        fields["log"] = {
            "logger": record.name,
            "origin": {"function": record.funcName},
            "original": record.getMessage(),
        }
        if record.exc_info:
            trace = "".join(traceback.format_tb(record.exc_info[2]))
            fields["error"] = {
                "message": str(record.exc_info[1]),
                "type": record.exc_info[0].__name__,
                "stack_trace": trace,
            }
        return json.dumps(fields)


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
