"""Configuration by a dictionary, with a formatter of the program's own."""

# /// script
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging.config

import shop


class Padded(logging.Formatter):
    def formatTime(self, record, datefmt=None):
        return f"{super().formatTime(record, '%Y/%m/%d %H:%M:%S')},{record.msecs:03.0f}"

    def format(self, record):
        record.levelname = f"{record.levelname:>8}"
        return super().format(record)


logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"padded": {"()": Padded, "format": "%(asctime)s %(levelname)s | %(name)s | %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "padded"}},
        "root": {"handlers": ["console"], "level": "INFO"},
    }
)
logging.captureWarnings(True)
asyncio.run(shop.lose())
