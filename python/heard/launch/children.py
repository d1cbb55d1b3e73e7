"""Starts the monitor in a process that a monitored one has started.

The `.pth` file of the distribution imports this where the environment has HEARD=1. Every Python process below a
monitored one pays for it, so it imports nothing and installs nothing before the process imports asyncio.
"""

from __future__ import annotations

import os
import sys

from heard import _refusal
from heard.monitor.hooks.imports import after_import

# Type checkers take this for `typing.TYPE_CHECKING`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import types

    from heard.settings import Settings

#: Where children are told to listen, and with which settings.
_SWITCH, _OPTIONS = "HEARD", "HEARD_OPTIONS"


def tell(settings: Settings) -> None:
    """Children that run this Python, or one that has the package, are monitored as well."""
    import json

    from heard.report.journal import for_children
    from heard.settings import Settings

    default = Settings()
    named = {name: getattr(settings, name) for name in ("grace", "escalate", "origins", "ignore")}
    options = {name: value for name, value in named.items() if value != getattr(default, name)}
    if settings.json is not None:
        options |= for_children(settings.json)
    os.environ[_SWITCH] = "1"
    os.environ.pop(_OPTIONS, None)
    if options:
        os.environ[_OPTIONS] = json.dumps(options)


def arm() -> None:
    """Listens from the import of asyncio on."""
    if not _refusal():
        after_import("asyncio", _start)


def _start(_: types.ModuleType) -> None:
    if "heard.launch.run" in sys.modules:
        # `python -m heard run` installs the monitor itself.
        return
    try:
        from heard.monitor import install

        if install.current() is None:
            install.install(_settings())
    except Exception as error:
        # The program must not learn of it by an import that fails.
        _say(f"heard: nothing is heard in process {os.getpid()}: {type(error).__name__}: {error}")


def _settings() -> Settings:
    from heard.settings import Settings

    if _OPTIONS not in os.environ:
        return Settings()
    import json

    try:
        options = json.loads(os.environ[_OPTIONS])
        for name in ("ignore", "json_file"):
            if name in options:
                options[name] = tuple(options[name])
        return Settings(**options).checked()
    except (TypeError, ValueError) as error:
        _say(f"heard: {_OPTIONS} is not understood, so the defaults hold: {error}")
        return Settings()


def _say(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(line + "\n")


if os.environ.get(_SWITCH) == "1":
    arm()
