"""Test cases of `unittest` that fail where they lose a failure."""

from __future__ import annotations

import sys
import typing
import unittest

from heard.report.text import blocks
from heard.testing import listener as listening_to
from heard.testing.blocks import Block

if typing.TYPE_CHECKING:
    _Case = unittest.TestCase
else:
    _Case = object


class HeardTestCase(_Case):
    """Makes each test of a `unittest.TestCase` or `IsolatedAsyncioTestCase` fail that loses a failure, its set-up and
    tear-down included. It stands before that class:

        class FeedTest(heard.testing.HeardTestCase, unittest.IsolatedAsyncioTestCase): ...

    The test fails after its clean-ups, with the report. What is lost only while its loop is closed is added to the
    result as one more failure. Under the pytest plugin, which listens itself, this class does nothing.
    """

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        if listening_to.current() is not None:
            return super().run(result)
        with Block(self.id()) as block:
            # The first clean-up is the last to run.
            self.addCleanup(_judge, block)
            result = super().run(result)
            try:
                _judge(block)
            except AssertionError:
                if result is not None:
                    result.addFailure(self, typing.cast(typing.Any, sys.exc_info()))
        return result


def _judge(block: Block) -> None:
    losses = [failure for failure, _ in block.taken()]
    texts = blocks(losses)
    if len(losses) > 1:
        texts.insert(0, f"{len(losses)} failures that nobody hears:")
    if texts:
        raise AssertionError("\n\n".join(texts))
