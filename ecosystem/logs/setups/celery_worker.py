"""Two tasks in two processes of a Celery worker, which takes warnings and standard error into its log."""

# /// script
# dependencies = ["celery"]
#
# [tool.heard]
# processes = 2
# warnings = "logged"
# ///

import asyncio
import os
import pathlib
import subprocess
import sys

import shop
from celery import Celery

for name in ("queue", "done"):
    os.makedirs(name, exist_ok=True)
FOLDERS = {"data_folder_in": "queue", "data_folder_out": "queue", "processed_folder": "done"}
app = Celery("shop", broker="filesystem://", broker_transport_options=FOLDERS)


@app.task
def work():
    asyncio.run(shop.lose())
    pathlib.Path(f"lost-{os.getpid()}").touch()
    while len([*pathlib.Path().glob("lost-*")]) < 2:
        pass


if __name__ == "__main__":
    import celery_worker

    for _ in range(2):
        celery_worker.work.delay()
    options = ["worker", "-c", "2", "-l", "INFO", "--without-gossip", "--without-mingle", "-O", "fair"]
    with subprocess.Popen([sys.executable, "-m", "celery", "-A", "celery_worker", *options]) as worker:
        while len([*pathlib.Path().glob("lost-*")]) < 2:
            try:
                worker.wait(0.05)
                break
            except subprocess.TimeoutExpired:
                pass
        worker.terminate()
