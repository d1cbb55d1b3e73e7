"""The workers of pytest-xdist."""

from processes import *
from truth import leaves


@leaves("Tides.watch")
async def test_what_is_left():
    await leave_a_watch()
