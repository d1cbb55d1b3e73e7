"""A worker of pytest-xdist hands on what a failed test has logged."""

# /// script
# dependencies = ["pytest-xdist"]
#
# [tool.heard]
# time = "part"
# ///

import subprocess
import sys

TEST = """
import asyncio, shop

def test_a():
    asyncio.run(shop.lose())
    assert 0
"""
open("test_a.py", "w").write(TEST)
subprocess.run(
    [
        sys.executable,
        "-m",
        "pytest",
        "-n1",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:heard",
        "-o",
        "log_level=INFO",
        "-o",
        "log_format=%(asctime)s %(levelname)s %(name)s: %(message)s",
        "test_a.py",
    ]
)
