"""`pytest --heard-inject`: runs tests again with failures in them, and tells which of these nobody hears."""
