"""pytest-asyncio, in its own layout of logs."""

# /// script
# dependencies = ["pytest-asyncio"]
#
# [tool.heard]
# time = "none"
# ///

import subprocess
import sys

TEST = """
import pytest, shop

@pytest.mark.asyncio
async def test_a():
    await shop.lose()
    assert 0
"""
open("test_a.py", "w").write(TEST)
subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:heard", "--log-cli-level=INFO", "test_a.py", "-v"])
