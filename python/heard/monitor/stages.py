"""Which part of a test run something belongs to. Outside of tests there are no parts."""

from __future__ import annotations

import typing

#: What runs now.
current: str | None = None


def of(future: object) -> str | None:
    """The part in which a future was born, as far as that is known: else the one that runs now."""
    stage: str | None = getattr(future, "_heard_stage", None)
    return stage if stage is not None else current


def mark(future: typing.Any) -> None:
    """It was born by now: what becomes of it later belongs to the part that runs now."""
    if getattr(future, "_heard_stage", None) is None:
        try:
            future._heard_stage = current
        except AttributeError:
            # It has no room for attributes, and counts where it fails.
            return
