"""uvicorn's own loggers have a layout; asyncio's lines have none."""

# /// script
# dependencies = ["uvicorn"]
#
# [tool.heard]
# time = "none"
# ///

import subprocess
import sys


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "uvicorn", "shop:app", "--port", "0"])
