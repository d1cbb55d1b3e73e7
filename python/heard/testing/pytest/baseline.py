"""The file with the losses that a suite is known to have, so that an old one can begin to listen today."""

from __future__ import annotations

import collections
import dataclasses
import errno
import json
import os
import pathlib
import shutil
import typing

import pytest

_VERSION = 1

#: A test, the rule, the coroutine and the type of the exception. What belongs to no test has an empty name.
Key = tuple[str, str, str, str]
Losses = collections.Counter[Key]

_ANEW = "--heard-write-baseline writes it anew"


@dataclasses.dataclass(frozen=True)
class Files:
    """Which files the options and the configuration name. A relative path begins at the root folder, as the names of
    tests do."""

    #: The file to read, and the option or key that names it.
    known: pathlib.Path | None
    named_by: str
    #: The file to write.
    target: pathlib.Path | None
    #: Whether what no longer happens is taken out of the file that is read.
    prunes: bool

    @classmethod
    def of(cls, config: pytest.Config) -> Files:
        """Raises `pytest.UsageError` for what contradicts itself."""
        known, named_by = config.getoption("--heard-baseline"), "--heard-baseline"
        if known is None:
            known, named_by = config.getini("heard_baseline"), "heard_baseline"
        target, prunes = config.getoption("--heard-write-baseline"), bool(config.getoption("--heard-prune-baseline"))
        if prunes and target is not None:
            raise pytest.UsageError("--heard-prune-baseline and --heard-write-baseline exclude each other")
        if prunes and not known:
            raise pytest.UsageError("--heard-prune-baseline: heard_baseline or --heard-baseline names the file")
        root = config.rootpath
        return cls(root / known if known else None, named_by, root / target if target is not None else None, prunes)

    def are_there(self) -> bool:
        return self.known is not None or self.target is not None

    def read(self) -> Losses:
        """The known losses; those of the file to write where one is written. Raises `pytest.UsageError` where that
        cannot be done."""
        if self.target is not None:
            check_writable(self.target, "--heard-write-baseline")
            # What cannot be read is written anew: this is what its error tells the user to do.
            return self.before() or Losses()
        if self.known is None:
            return Losses()
        known = _read(self.known, self.named_by)
        if self.prunes:
            check_writable(self.known, "--heard-prune-baseline")
        return known

    def before(self) -> Losses | None:
        """What is in the file to write, or `None` where that cannot be read."""
        if self.target is None or not self.target.is_file():
            return Losses()
        try:
            return _read(self.target, "--heard-write-baseline")
        except pytest.UsageError:
            return None


def write(path: pathlib.Path, losses: Losses) -> None:
    rows = [
        {"test": test, "rule": rule, "coroutine": coroutine, "exception": exception, "count": count}
        for (test, rule, coroutine, exception), count in sorted((+losses).items())
    ]
    text = json.dumps({"version": _VERSION, "losses": rows}, indent=1, ensure_ascii=False)
    _put(pathlib.Path(os.path.realpath(path)), text + "\n")


def _put(path: pathlib.Path, text: str) -> None:
    """Writes all or nothing, as far as the folder can be written to."""
    if path.exists() and not path.is_file():
        # As `/dev/stdout`.
        path.write_text(text, encoding="utf-8")
        return
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(text, encoding="utf-8")
        if path.exists():
            shutil.copymode(path, new)
        os.replace(new, path)
    except PermissionError:
        path.write_text(text, encoding="utf-8")
    finally:
        new.unlink(missing_ok=True)


def shown(path: pathlib.Path) -> str:
    """A path as one would write it here."""
    here = pathlib.Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def check_writable(path: pathlib.Path, option: str) -> None:
    """Raises `pytest.UsageError` where the file of an option cannot be written: a run may take long, so it is not at its
    end that one learns of this."""
    name = shown(path)
    # A link may lead to a file that is not there yet.
    path = pathlib.Path(os.path.realpath(path))
    try:
        if path.exists():
            with path.open("a", encoding="utf-8"):
                pass
        elif not os.access(path.parent, os.W_OK | os.X_OK):
            missing = errno.EACCES if path.parent.is_dir() else errno.ENOENT
            raise OSError(missing, os.strerror(missing))
    except OSError as error:
        raise pytest.UsageError(f"{option}: {name} cannot be written: {error.strerror}") from error


def _read(path: pathlib.Path, named_by: str) -> Losses:
    name = f"{named_by}: {shown(path)}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise pytest.UsageError(
                f"{name} is of version {content['version']}, and this heard reads version {_VERSION}: {_ANEW}"
            )
        return Losses({_key(row): _count(row) for row in content["losses"]})
    except OSError as error:
        raise pytest.UsageError(f"{name} cannot be read: {error.strerror}; {_ANEW}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise pytest.UsageError(f"{name} is no baseline of heard: {error}; {_ANEW}") from error


def _key(row: dict[str, typing.Any]) -> Key:
    key = row["test"], row["rule"], row["coroutine"], row["exception"]
    if not all(isinstance(part, str) for part in key):
        raise TypeError(f"{row} has a name that is no text")
    return key


def _count(row: dict[str, typing.Any]) -> int:
    count = row["count"]
    if type(count) is not int or count < 1:
        raise TypeError(f"{count!r} is no number of losses")
    return count
