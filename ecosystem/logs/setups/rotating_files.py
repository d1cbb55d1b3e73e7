"""A file that is rotated after every few lines, in the middle of what belongs together."""

# /// script
# [tool.heard]
# warnings = "logged"
# reads = ["shop.log*"]
# ///

import asyncio
import logging
import logging.handlers

import shop

writer = logging.handlers.RotatingFileHandler("shop.log", maxBytes=1200, backupCount=90)
writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
logging.getLogger().addHandler(writer)
logging.getLogger().setLevel("INFO")
logging.captureWarnings(True)
asyncio.run(shop.lose())
print("rotated")
