"""What `heard top` reads: the tasks of this process, told through a socket that only its own user may open."""
