"""The head of a record on each of its lines, which are cut at 300 signs."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging

import shop


class Lines(logging.Formatter):
    def format(self, record):
        text = super().format(record)
        head = f"{self.formatTime(record)} {record.levelname} [{record.process}] "
        return "\n".join(head + (line if len(line) < 300 else line[:297] + "...") for line in text.splitlines())


writer = logging.StreamHandler()
writer.setFormatter(Lines())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
