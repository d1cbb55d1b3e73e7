"""`python -m heard`."""

from heard._command import main

if __name__ == "__main__":
    main()
