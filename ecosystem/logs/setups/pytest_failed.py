"""A test fails, so pytest prints what was logged, and warnings in a summary of its own."""

# /// script
# dependencies = ["pytest"]
#
# [tool.heard]
# time = "none"
# ///

import asyncio
import subprocess
import sys

import shop


def test_shop():
    asyncio.run(shop.lose())
    raise AssertionError


if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:heard", __file__]
    subprocess.run([*command])
