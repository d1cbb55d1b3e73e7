"""Runs programs under heard on several interpreters, and compares what it says with the truth."""
