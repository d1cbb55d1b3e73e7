"""A head, the text and the traceback in blocks that are indented, with rules between."""

# /// script
# [tool.heard]
# time = "none"
# ///

import asyncio
import logging

import shop


class Blocks(logging.Formatter):
    def format(self, record):
        text = super().format(record)
        head = f"--- {self.formatTime(record)} {record.levelname} {record.name} ".ljust(78, "-")
        return head + "\n" + "\n".join("    " + line for line in text.splitlines()) + "\n"


writer = logging.StreamHandler()
writer.setFormatter(Blocks())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
