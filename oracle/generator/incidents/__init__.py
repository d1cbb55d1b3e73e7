"""Stories with one failure that go beyond birth, holder and reader."""
