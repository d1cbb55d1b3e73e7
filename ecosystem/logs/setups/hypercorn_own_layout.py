"""hypercorn's own lines have a layout; asyncio's have none."""

# /// script
# dependencies = ["hypercorn"]
#
# [tool.heard]
# time = "none"
# ///

import subprocess
import sys


if __name__ == "__main__":
    options = ["--bind", "127.0.0.1:0", "--access-logfile", "-", "--workers", "0"]
    subprocess.run([sys.executable, "-m", "hypercorn", "shop:app", *options])
