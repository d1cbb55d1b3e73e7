"""`python -m heard`."""

from heard.launch.cli import main

if __name__ == "__main__":
    main()
