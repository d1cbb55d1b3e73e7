"""`IsolatedAsyncioTestCase` has its loop in debug mode."""

# /// script
# [tool.heard]
# time = "none"
# ///

import unittest

import shop


class Shop(unittest.IsolatedAsyncioTestCase):
    async def test_that_it_loses(self):
        await shop.lose()


unittest.main(verbosity=2)
