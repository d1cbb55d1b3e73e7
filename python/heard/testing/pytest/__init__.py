"""The pytest plugin: a failure that nobody hears fails the test that lost it."""
