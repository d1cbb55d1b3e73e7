"""What is done with several pieces of work at once."""
