"""For tests: hearing what a test loses, and failures on purpose."""

from __future__ import annotations

# pytest's plugin comes past here in every run, so nothing is imported before it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from heard.testing.blocks import expect_lost, listening
    from heard.testing.injection import Injection, inject
    from heard.testing.unittest import HeardTestCase
    from heard.testing.warning import HeardWarning

__all__ = ["HeardTestCase", "HeardWarning", "Injection", "expect_lost", "inject", "listening"]

_MODULES = {
    "HeardTestCase": "unittest",
    "HeardWarning": "warning",
    "Injection": "injection",
    "expect_lost": "blocks",
    "inject": "injection",
    "listening": "blocks",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'heard.testing' has no attribute {name!r}")
    import importlib

    found: object = getattr(importlib.import_module(f"heard.testing.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
