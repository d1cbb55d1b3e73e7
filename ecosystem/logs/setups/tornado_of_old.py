"""Old futures put all into one line, up to the head of the traceback."""

# /// script
# [tool.heard]
# losses = [{kind = "future-failed", exception = "LookupError", count = 2, raised = "fetch"}]
# ///

import logging
import traceback

log = logging.getLogger("tornado.application")


class Future:
    pass


def fetch():
    raise LookupError("no such printer")  # raised: fetch


logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
for _ in range(2):
    try:
        fetch()
    except LookupError:
        log.error("Future %r exception was never retrieved: %s", Future(), traceback.format_exc().rstrip())
