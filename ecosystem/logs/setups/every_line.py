"""A formatter repeats the head of a record on each of its lines, as glog does."""

# /// script
# [tool.heard]
# time = "part"
# ///

import asyncio
import logging

import shop


class EveryLine(logging.Formatter):
    def format(self, record):
        head = f"{record.levelname[0]} {self.formatTime(record, '%m-%d %H:%M:%S')} {record.filename}:{record.lineno}] "
        text = super().format(record)
        return "\n".join(head + line for line in text.split("\n"))


writer = logging.StreamHandler()
writer.setFormatter(EveryLine("%(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
