"""A harbour office: the code under test of the suites beside it. Much of it loses failures, as real code does."""
