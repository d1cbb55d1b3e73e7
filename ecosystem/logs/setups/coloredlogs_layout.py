"""coloredlogs with milliseconds and colours."""

# /// script
# dependencies = ["coloredlogs"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import coloredlogs
import shop

coloredlogs.install(level="INFO", milliseconds=True, isatty=True)
logging.captureWarnings(True)
asyncio.run(shop.lose())
