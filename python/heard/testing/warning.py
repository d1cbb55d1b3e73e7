"""The category of the pytest plugin's warnings."""

from __future__ import annotations


class HeardWarning(UserWarning):
    """Something that nobody hears, and that does not fail its test."""

    # By this name it is filtered, and pytest-xdist finds it in another process.
    __module__ = "heard.testing"
