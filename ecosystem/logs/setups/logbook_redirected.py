"""Logbook takes what the standard library logs."""

# /// script
# dependencies = ["logbook"]
#
# [tool.heard]
# ///

import asyncio
import logging
import sys

import logbook
import logbook.compat
import shop

logbook.compat.redirect_logging()
logging.getLogger().setLevel("INFO")
logbook.set_datetime_format("local")
with logbook.StreamHandler(sys.stderr).applicationbound():
    asyncio.run(shop.lose())
