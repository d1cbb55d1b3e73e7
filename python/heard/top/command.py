"""Looks once, or again and again until Ctrl-C or the end of the process."""

from __future__ import annotations

import json
import sys
import time
import typing

from heard.top import client


def run(target: str, *, interval: float, as_json: bool, once: bool) -> int:
    """Returns the exit code: 0, or 2 if nothing could be shown."""
    try:
        first = client.ask(target)
        if as_json:
            _print(target, first, interval, once)
        else:
            try:
                from heard.top import screen
            except ModuleNotFoundError as error:
                return _fail(
                    f"the screen needs {error.name}, which `{sys.executable} -m pip install 'heard-runtime[top]'`"
                    " installs; --json does without"
                )
            screen.show(first, None if once else lambda: client.ask(target), interval)
    except client.Unreachable as error:
        return _fail(str(error))
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


def _print(target: str, first: dict[str, typing.Any], interval: float, once: bool) -> None:
    print(json.dumps(first), flush=True)
    while not once:
        time.sleep(interval)
        print(json.dumps(client.ask(target)), flush=True)


def _fail(said: str) -> int:
    print(f"error: {said}", file=sys.stderr)
    return 2
