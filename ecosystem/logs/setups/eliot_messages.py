"""Eliot writes the text and the traceback of a record as two objects."""

# /// script
# dependencies = ["eliot"]
#
# [tool.heard]
# ///

import asyncio
import logging
import sys

import shop
from eliot import to_file
from eliot.stdlib import EliotHandler

to_file(sys.stderr)
logging.basicConfig(level="INFO", handlers=[EliotHandler()])
asyncio.run(shop.lose())
