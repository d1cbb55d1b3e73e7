"""Each line has a colour of its own, with its end."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import shop


class Coloured(logging.Formatter):
    def format(self, record):
        return "\n".join(f"\x1b[33m{line}\x1b[0m" for line in super().format(record).split("\n"))


writer = logging.StreamHandler()
writer.setFormatter(Coloured("%(asctime)s %(levelname)s %(name)s: %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
