"""Django's configuration of logging, with its verbose layout."""

# /// script
# dependencies = ["django"]
#
# [tool.heard]
# warnings = "logged"
# ///

import asyncio
import logging

import django
import shop
from django.conf import settings

settings.configure(
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "verbose": {"format": "{levelname} {asctime} {module} {process:d} {thread:d} {message}", "style": "{"}
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "verbose"}},
        "root": {"handlers": ["console"], "level": "INFO"},
    }
)
django.setup()
logging.captureWarnings(True)
asyncio.run(shop.lose())
