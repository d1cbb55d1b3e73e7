"""A process for each test, by pytest-forked."""

from processes import *


async def test_what_is_left():
    # It is worth a warning, but pytest-forked has none of its processes.
    await leave_a_watch()
