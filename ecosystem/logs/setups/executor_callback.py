"""concurrent.futures tells of a callback of its own."""

# /// script
# [tool.heard]
# losses = [{kind = "callback-raised", exception = "LookupError", count = 3, raised = "told"}]
# ///

import concurrent.futures
import logging


def told(future):
    raise LookupError("nobody to tell")  # raised: told


logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    for _ in range(3):
        pool.submit(int).add_done_callback(told)
