"""pytest makes a warning of what is raised where nobody can catch it."""

# /// script
# dependencies = ["pytest"]
#
# [tool.heard]
# time = "none"
# losses = [{kind = "coroutine-never-awaited", coroutine = "Shelf.count"}]
# ///

import gc
import subprocess
import sys

import shop


def test_shop():
    shop.forget()
    gc.collect()


if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:heard", __file__]
    subprocess.run([*command, "-W", "error::RuntimeWarning", "-W", "default::pytest.PytestUnraisableExceptionWarning"])
