"""Where the socket of a watched process lies: a folder that is its user's alone, and a name that tells the process."""

from __future__ import annotations

import os
import stat

#: Says in the environment that processes are watched: `1`, or the folder for their sockets.
VARIABLE = "HEARD_WATCH"
_ENDING = ".sock"


class Refused(Exception):
    """The folder is not for this user alone, so what lies in it is not to be trusted."""


def wanted(asked: bool | str | None) -> str | None:
    """The folder for the socket, or `None` if nobody wants one. What the program asks for counts more than the
    environment."""
    if asked is None:
        value = os.environ.get(VARIABLE, "")
        asked = value if value not in ("", "0", "1") else value == "1"
    if isinstance(asked, str):
        return os.path.abspath(asked)
    return default_folder() if asked else None


def default_folder() -> str:
    """Not below `$XDG_RUNTIME_DIR` or `$TMPDIR`: a service often has others than the shell that asks for it."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    return os.path.join(os.sep, "tmp", f"heard-{user}")


def make_folder(folder: str) -> None:
    """Makes the folder, if it is not there. Raises `Refused` or `OSError`."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        check_folder(folder)


def check_folder(folder: str) -> None:
    """Raises `Refused` where another user owns the folder or may write in it."""
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise Refused(f"{folder} is not a folder")
    if found.st_uid != os.geteuid():
        raise Refused(f"{folder} belongs to another user")
    if found.st_mode & 0o022:
        raise Refused(f"others may write in {folder}; make it yours alone with `chmod 700 {folder}`")


def path_of(folder: str, process: int) -> str:
    return os.path.join(folder, f"{process}{_ENDING}")


def processes(folder: str) -> list[int]:
    """The processes that have, or had, a socket in a folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = (name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))
    return sorted(int(name) for name in found if name.isdecimal())


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def clear(folder: str) -> None:
    """Removes the sockets that processes have left which were killed."""
    for process in processes(folder):
        if not is_alive(process):
            remove(path_of(folder, process))


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        # It is gone already, or the folder is.
        return
