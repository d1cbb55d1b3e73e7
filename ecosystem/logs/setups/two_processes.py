"""Two processes write to one stream without a prefix; each line is written at once."""

# /// script
# [tool.heard]
# processes = 2
# warnings = "logged"
# ///

import asyncio
import logging
import multiprocessing

import shop


def work():
    layout = "%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level="INFO", format=layout)
    logging.captureWarnings(True)
    asyncio.run(shop.lose())


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
