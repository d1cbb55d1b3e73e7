"""colorlog's colours in a layout with threads."""

# /// script
# dependencies = ["colorlog"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import colorlog
import shop

layout = "%(log_color)s%(asctime)s %(levelname)-8s%(reset)s %(blue)s(%(threadName)s) [%(name)s]%(reset)s %(message)s"
writer = logging.StreamHandler()
writer.setFormatter(colorlog.ColoredFormatter(layout, force_color=True))
logging.basicConfig(level="INFO", handlers=[writer])
logging.captureWarnings(True)
asyncio.run(shop.lose())
