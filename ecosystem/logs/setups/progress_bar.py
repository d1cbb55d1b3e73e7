"""A progress bar is drawn on the same stream, without line ends."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging
import sys

import shop


class Bar(logging.StreamHandler):
    def emit(self, record):
        sys.stderr.write("\r 40%|####      | 4/10 [00:01<00:02,  3.1it/s]\r")
        super().emit(record)


writer = Bar()
writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
