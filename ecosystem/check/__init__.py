"""Compares what heard finds in real packages with what is expected there."""
