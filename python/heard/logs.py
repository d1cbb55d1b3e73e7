"""What asyncio said in logs, read on one machine or on many.

`scan` reads files and gives a `Partial`; `merge` puts partials together, in any order and any grouping, and
`Partial.report` is the finished document, the one that `heard logs --output-format json` prints. A partial is small
and can be pickled, so it travels from the workers of a cluster.
"""

from __future__ import annotations

import dataclasses
import json
import os
import typing

from heard import _native

__all__ = ["Partial", "merge", "scan"]


@dataclasses.dataclass(frozen=True, slots=True)
class Partial:
    """What was read of some of the logs."""

    #: The JSON text that `heard logs --partial` prints for the same files.
    json: str

    def report(self) -> dict[str, typing.Any]:
        """The finished document: `incidents`, `not_understood`, `files`.

        Raises `ValueError` if the text is not a partial result.
        """
        document: dict[str, typing.Any] = json.loads(_native.report_logs(self.json))
        return document


def scan(
    *paths: str | os.PathLike[str],
    since: str | None = None,
    until: str | None = None,
    threads: int = 0,
) -> Partial:
    """Reads files, folders and patterns such as `logs/*.gz`; compressed files are told by their content.

    `since` and `until` are times in ISO 8601; what has no time is kept. `threads` is one a core if it is 0.
    Other threads of Python run meanwhile.

    Raises `OSError` if a path names nothing, `ValueError` if a time is none. A file that can be read in part only is
    named in the report, under `troubles`.
    """
    return Partial(_native.scan_logs([os.fspath(path) for path in paths], since, until, threads))


def merge(*parts: Partial) -> Partial:
    """One partial of many. The order does not matter, nor what was merged before.

    Raises `ValueError` if one of them is not a partial result.
    """
    return Partial(_native.merge_logs([part.json for part in parts]))
