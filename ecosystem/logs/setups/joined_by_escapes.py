"""Each record is one line, with escapes for the line breaks."""

# /// script
# [tool.heard]
# warnings = "logged"
# environment = {PYTHONIOENCODING = "utf-8"}
# ///

import asyncio
import logging

import shop


class Joined(logging.Formatter):
    def format(self, record):
        return super().format(record).replace("\n", "\\n")


writer = logging.StreamHandler()
writer.setFormatter(Joined("%(asctime)s %(levelname)s %(name)s: %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
