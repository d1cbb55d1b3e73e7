"""`heard top`: what runs now in a process that is watched, as a screen or as JSON."""
