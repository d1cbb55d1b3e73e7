"""pytest prints what is logged while the tests run."""

# /// script
# dependencies = ["pytest"]
#
# [tool.heard]
# time = "part"
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
        [*command, "-o", "log_cli=true", "-o", "log_cli_format=%(asctime)s %(levelname)s %(name)s %(message)s"]
    )
