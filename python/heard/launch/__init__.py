"""How a program comes under the monitor: the command line, the program that it runs, and child processes."""
