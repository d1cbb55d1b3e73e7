"""Starts the monitor in a process that a monitored one has started.

The `.pth` file of the distribution imports this where the environment has HEARD=1. It installs nothing before the
process imports asyncio, so others pay nothing.
"""

from __future__ import annotations

import json
import os
import sys
import types

from heard.monitor.hooks.imports import after_import


def _start(_: types.ModuleType) -> None:
    from heard.monitor import install
    from heard.settings import Settings

    if install.current() is not None:
        return
    try:
        options = json.loads(os.environ.get("HEARD_OPTIONS", "{}"))
        options["ignore"] = tuple(options.get("ignore", ()))
        settings = Settings(**options)
    except (TypeError, ValueError) as error:
        sys.stderr.write(f"heard: HEARD_OPTIONS is not understood, so the defaults hold: {error}\n")
        settings = Settings()
    install.install(settings)


def _is_launcher() -> bool:
    """`python -m heard run` installs the monitor itself."""
    return sys.orig_argv[1:3] == ["-m", "heard"]


if not _is_launcher():
    after_import("asyncio", _start)
