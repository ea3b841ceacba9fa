"""Run as ``python -m amiguard``."""

from amiguard.cli import main

if __name__ == "__main__":
    main()
