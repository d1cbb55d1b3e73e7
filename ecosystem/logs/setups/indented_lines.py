"""A formatter indents all lines but the first."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop


class Indented(logging.Formatter):
    def format(self, record):
        return super().format(record).replace("\n", "\n\t")


writer = logging.StreamHandler()
writer.setFormatter(Indented("%(asctime)s %(levelname)s %(name)s %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
