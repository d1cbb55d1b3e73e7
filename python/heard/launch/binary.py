"""The program `heard`, which checks source: found beside the interpreter, and given what is left of the command line."""

from __future__ import annotations

import os
import sys
import sysconfig
import typing

from heard import __version__

#: Set by the program `heard` where it starts Python, so that what it asks of the program is asked of the same one.
PROGRAM = "HEARD_PROGRAM"


def hand_over(arguments: list[str]) -> typing.NoReturn:
    """Runs the program in the place of this one. Where it is not installed, says how to install it and exits with 2."""
    program = find()
    if program is None:
        print(
            f"error: `{arguments[0]}` is a command of the program heard, which is not installed for {sys.executable};"
            f" `{sys.executable} -m pip install heard=={__version__}` installs it",
            file=sys.stderr,
        )
        sys.exit(2)
    if os.name == "posix":
        os.execv(program, [program, *arguments])
    # Windows has no way to put another program in the place of this one.
    import subprocess

    sys.exit(subprocess.call([program, *arguments]))


def find() -> str | None:
    """The program that has started this interpreter, that was installed with it, or for its user."""
    if os.environ.get(PROGRAM):
        return os.environ[PROGRAM]
    name = "heard.exe" if os.name == "nt" else "heard"
    # Where pip puts scripts: of the environment, and of the user.
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")):
        path = os.path.join(sysconfig.get_path("scripts", scheme), name)
        if os.path.isfile(path):
            return path
    return None
