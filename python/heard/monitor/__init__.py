"""The monitor: from the place where a failure arises to the verdict on who hears it."""
