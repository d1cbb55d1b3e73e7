"""stackprinter formats tracebacks with variables."""

# /// script
# dependencies = ["stackprinter"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
import stackprinter


class Printer(logging.Formatter):
    def formatException(self, info):
        return stackprinter.format(info)


handler = logging.StreamHandler()
handler.setFormatter(Printer("%(asctime)s %(levelname)s %(name)s: %(message)s"))
logging.basicConfig(level="INFO", handlers=[handler])
asyncio.run(shop.lose())
