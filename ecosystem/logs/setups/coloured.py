"""Colours around the level and around the whole line."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop


class Coloured(logging.Formatter):
    def format(self, record):
        record.levelname = f"\x1b[1;31m{record.levelname}\x1b[0m"
        return f"\x1b[38;5;245m{super().format(record)}\x1b[0m"


writer = logging.StreamHandler()
writer.setFormatter(Coloured("%(asctime)s \x1b[36m%(name)s\x1b[39m %(levelname)s %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
