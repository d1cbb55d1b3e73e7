"""The same program in another shape: heard has to find the same in it."""
