"""`python -m transformer`, and the console script."""

import os
import sys


def main() -> None:
    """Run the command line. The working folder may be the very tree that is read: nothing is imported from it."""
    here = os.path.realpath(os.curdir)
    home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    if here != home:
        sys.path[:] = [each for each in sys.path if os.path.realpath(each) != here]
    try:
        import signal

        from transformer.cli import main

        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was begun is taken back
        sys.exit(main())
    except KeyboardInterrupt:  # before there was anything to stop, or once more while stopping
        sys.exit(70)


if __name__ == "__main__":
    main()
