"""An element of XML a record, as log4j's viewers take it."""

# /// script
# [tool.heard]
# ///

import asyncio
import logging
from xml.sax.saxutils import escape

import shop


class Object(logging.Formatter):
    def format(self, record):
        text = escape(super().format(record))
        head = (
            f'<log4j:event logger="{record.name}" timestamp="{int(record.created * 1000)}" level="{record.levelname}">'
        )
        return f"{head}<log4j:message>{text}</log4j:message></log4j:event>"


writer = logging.StreamHandler()
writer.setFormatter(Object())
logging.basicConfig(level="INFO", handlers=[writer])
asyncio.run(shop.lose())
