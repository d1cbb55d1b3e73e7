"""Draws small asyncio programs whose truth is known: which failures are read, and which nobody hears."""
