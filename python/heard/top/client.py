"""Asks a watched process what runs in it."""

from __future__ import annotations

import json
import os
import socket
import typing
import urllib.parse

from heard.watch import place

#: Seconds that an answer may take. A process that is stopped, or in C code for long, gives none.
_PATIENCE = 10.0


class Unreachable(Exception):
    """Nobody answers, with the reason and what to do."""


def socket_of(target: str) -> str:
    """The path of the socket that a process number or a URL means. Raises `Unreachable`."""
    if target.isdecimal():
        folder = place.wanted(None) or place.default_folder()
        return place.path_of(folder, int(target))
    url = urllib.parse.urlsplit(target)
    if url.scheme != "unix" or url.netloc or not url.path.startswith("/"):
        example = "unix:///run/shop/1234.sock"
        raise Unreachable(f"{target} is neither the number of a process nor the URL of a socket, such as {example}")
    return urllib.parse.unquote(url.path)


def ask(target: str) -> dict[str, typing.Any]:
    """What the process says. Raises `Unreachable`."""
    path = socket_of(target)
    try:
        # Who could write in the folder could put a socket of his own there.
        place.check_folder(os.path.dirname(path))
        answer = _read(path)
    except place.Refused as error:
        raise Unreachable(f"{path} is not trusted: {error}") from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise Unreachable(_absent(target, path, gone=isinstance(error, ConnectionRefusedError))) from error
    except TimeoutError as error:
        why = "it is stopped, or C code in it keeps the interpreter's lock"
        raise Unreachable(f"{target} does not answer: {why}") from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Unreachable(f"{target} broke off its answer: it ends just now") from error
    except PermissionError as error:
        raise Unreachable(f"{path} belongs to another user; ask as that user") from error
    except OSError as error:
        raise Unreachable(f"cannot ask {target} at {path}: {error.strerror or error}") from error
    if not answer:
        raise Unreachable(f"{target} gives no answer: it ends just now, or it runs for another user")
    try:
        found: dict[str, typing.Any] = json.loads(answer)
    except ValueError as error:
        raise Unreachable(f"{target} broke off its answer: it ends just now") from error
    if found.get("v") != 1:
        raise Unreachable(f"{target} has another version of heard-runtime, which this one does not understand")
    return found


def _read(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE)
        connection.connect(path)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def _absent(target: str, path: str, gone: bool) -> str:
    process = int(target) if target.isdecimal() else None
    if gone or process is not None and not place.is_alive(process):
        said = f"the process of {target} has ended" if process is None else f"no process {target} is running"
    else:
        said = (
            f"{target} is not watched ({path} is not there): run it monitored and with {place.VARIABLE}=1 in its"
            " environment, or call `heard.install(watch=True)` in it"
        )
    others = [str(one) for one in place.processes(os.path.dirname(path)) if one != process and place.is_alive(one)]
    return said + (f"; watched are {', '.join(others)}" if others else "")
