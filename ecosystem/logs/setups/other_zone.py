"""The program's clock is in another time zone than the collector's, and its own name is not told."""

# /// script
# [tool.heard]
# zone = "Asia/Kolkata"
# warnings = "logged"
# ///

import asyncio
import datetime
import logging

import shop


class Collected(logging.StreamHandler):
    """Writes what a journal makes of the lines, with its clock in UTC."""

    def format(self, record):
        moment = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        head = f"{moment:%Y-%m-%dT%H:%M:%S.%f}+00:00 wharf shop[811]: "
        return "\n".join(head + line for line in super().format(record).split("\n"))


writer = Collected()
writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s (%(threadName)s) [%(name)s] %(message)s"))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
