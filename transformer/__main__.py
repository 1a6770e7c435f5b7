"""`python -m transformer`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The working folder may be the tree that is read; only this package's own folder is a place to import from.
    home = str(Path(__file__).resolve().parent.parent)
    sys.path[:] = [home, *(path for path in sys.path[1:])]

    from transformer.cli import entry

    entry()
