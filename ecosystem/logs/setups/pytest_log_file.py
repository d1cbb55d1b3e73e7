"""pytest writes what is logged to a file."""

# /// script
# dependencies = ["pytest"]
#
# [tool.heard]
# time = "part"
# reads = ["test.log"]
# without = ["coroutine-never-awaited"]
# ///

import asyncio
import subprocess
import sys

import shop


def test_shop():
    asyncio.run(shop.lose())


if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:heard", __file__]
    subprocess.run(
        [
            *command,
            "--log-file=test.log",
            "-o",
            "log_file_format=%(asctime)s [%(levelname)8s] %(message)s (%(filename)s:%(lineno)s)",
        ]
    )
