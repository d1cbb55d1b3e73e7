"""What really happens: every failure, and every read of one, on CPython's tasks and futures in Python."""
