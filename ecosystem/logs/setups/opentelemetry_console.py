"""OpenTelemetry's exporter for the console: objects over many lines."""

# /// script
# dependencies = ["opentelemetry-sdk"]
#
# [tool.heard]
# ///

import asyncio
import logging

import shop
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler, export

exporter = getattr(export, "ConsoleLogRecordExporter", None) or export.ConsoleLogExporter
provider = LoggerProvider()
provider.add_log_record_processor(export.SimpleLogRecordProcessor(exporter()))
logging.basicConfig(level="INFO", handlers=[LoggingHandler(logger_provider=provider)])
asyncio.run(shop.lose())
