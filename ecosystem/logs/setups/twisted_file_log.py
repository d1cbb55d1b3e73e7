"""Twisted's observer for files."""

# /// script
# dependencies = ["twisted"]
#
# [tool.heard]
# ///

import asyncio
import logging
import sys

import shop
from twisted.internet import asyncioreactor
from twisted.logger import Logger, globalLogBeginner, textFileLogObserver

loop = asyncio.new_event_loop()
asyncioreactor.install(loop)

from twisted.internet import defer, reactor  # noqa: E402


class Twisted(logging.Handler):
    def emit(self, record):
        Logger(record.name).error("{text}", text=self.format(record))


globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
logging.basicConfig(level="INFO", handlers=[Twisted()], format="%(message)s")
defer.Deferred.fromFuture(loop.create_task(shop.lose())).addBoth(lambda _: reactor.stop())
reactor.run()
