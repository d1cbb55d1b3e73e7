"""Losses that a suite is known to have, so that an old one can begin to listen today."""

from __future__ import annotations

import collections
import json
import pathlib

import pytest

from heard.record import Failure

_VERSION = 1
Key = tuple[str, str, str, str]


class Baseline:
    """The known losses of each test: how many of each kind. What is beyond them is new."""

    def __init__(self, path: str | None, target: str | None) -> None:
        self.target = pathlib.Path(target) if target is not None else None
        if self.target is not None:
            check_writable(self.target, "--heard-write-baseline")
        self.known: collections.Counter[Key] = _read(pathlib.Path(path)) if path is not None else collections.Counter()
        self.seen: collections.Counter[Key] = collections.Counter()

    def unknown(self, nodeid: str, failures: list[Failure]) -> list[Failure]:
        """Those that are not known, of one test; of none of them while a baseline is written."""
        new = []
        for failure in failures:
            key = _key(nodeid, failure)
            self.seen[key] += 1
            if self.seen[key] > self.known[key]:
                new.append(failure)
        return [] if self.target is not None else new

    def write(self) -> None:
        if self.target is None:
            return
        rows = [
            {"test": test, "rule": rule, "coroutine": coroutine, "exception": exception, "count": count}
            for (test, rule, coroutine, exception), count in sorted(self.seen.items())
        ]
        text = json.dumps({"version": _VERSION, "losses": rows}, indent=1, ensure_ascii=False)
        self.target.write_text(text + "\n", encoding="utf-8")


def _key(nodeid: str, failure: Failure) -> Key:
    exception = failure.exception.type if failure.exception is not None else ""
    return nodeid, failure.rule, failure.coroutine or "", exception


def check_writable(path: pathlib.Path, option: str) -> None:
    """Raises `pytest.UsageError` where the file of an option cannot be written: a run may take long, so it is not at its
    end that one learns of this."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise pytest.UsageError(f"{option}: {path} cannot be written: {error.strerror}") from error


def _read(path: pathlib.Path) -> collections.Counter[Key]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise pytest.UsageError(
                f"--heard-baseline: {path} is of version {content['version']}, and this heard reads version {_VERSION}"
            )
        return collections.Counter(
            {(row["test"], row["rule"], row["coroutine"], row["exception"]): row["count"] for row in content["losses"]}
        )
    except OSError as error:
        raise pytest.UsageError(f"--heard-baseline: {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise pytest.UsageError(f"--heard-baseline: {path} is no baseline of heard: {error}") from error
