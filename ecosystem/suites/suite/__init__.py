"""Runs the tests of real projects with and without heard, and compares."""
