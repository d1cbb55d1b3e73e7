"""Where the service writes what it does."""

from __future__ import annotations

import logging
import logging.config

CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {
        "screen": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "plain",
        },
    },
    "loggers": {
        "demo": {"level": "INFO", "handlers": ["screen"], "propagate": False},
    },
    # Other people's code may speak when something is really wrong.
    "root": {"level": "ERROR", "handlers": ["screen"]},
}


def open_logbook() -> None:
    """Set up logging for the whole process. Call it once, before anything else."""
    logging.config.dictConfig(CONFIG)
    # Warnings belong in the log like everything else, not on the terminal.
    logging.captureWarnings(True)
    # asyncio is chatty when the house closes.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
