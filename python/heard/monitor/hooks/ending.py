"""Loops that end: asyncio cancels and gathers what is left in them, which is nobody's oversight."""

from __future__ import annotations

import asyncio
import weakref

loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
