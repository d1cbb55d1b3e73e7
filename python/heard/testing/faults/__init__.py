"""Where failures can come while tests run, who hears them, and whether what `heard check` finds is so."""
