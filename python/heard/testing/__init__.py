"""For tests: failures on purpose."""

from heard.testing.inject import Injection, inject

__all__ = ["Injection", "inject"]
