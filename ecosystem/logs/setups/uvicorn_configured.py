"""uvicorn is given a configuration with a root logger."""

# /// script
# dependencies = ["uvicorn"]
#
# [tool.heard]
# ///

import json
import subprocess
import sys

LAYOUT = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(asctime)s %(levelprefix)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}


if __name__ == "__main__":
    with open("log.json", "w") as file:
        json.dump(LAYOUT, file)
    command = [sys.executable, "-m", "uvicorn", "shop:app", "--port", "0", "--log-config", "log.json"]
    subprocess.run(command)
