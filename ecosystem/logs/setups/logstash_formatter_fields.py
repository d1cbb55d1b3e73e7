"""logstash-formatter, version 1."""

# /// script
# dependencies = ["logstash-formatter"]
#
# [tool.heard]
# ///

import asyncio
import logging

import logstash_formatter
import shop

handler = logging.StreamHandler()
handler.setFormatter(logstash_formatter.LogstashFormatterV1())
logging.basicConfig(level="INFO", handlers=[handler])
asyncio.run(shop.lose())
