"""Collections that the monitor asks for."""

from __future__ import annotations

import gc


def collect() -> None:
    """Collects everything. A collection of all generations puts the youngest objects before those of the middle one, so
    that the sockets of a loop that was left open may end before the loop, which then fails to close them and says so:
    these two generations are collected first, the older objects before the younger ones."""
    gc.collect(1)
    gc.collect()
