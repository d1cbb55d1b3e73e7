"""What logging set-ups make of known failures, and what `heard logs` reads of it; see README.md."""
