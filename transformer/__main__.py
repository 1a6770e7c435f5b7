"""`python -m transformer`, and the console script."""

import os
import sys


def main() -> None:
    """Run the command line. The working folder may be the very tree that is read: nothing is imported from it.

    Whatever goes wrong, the exit code is a documented one: that of a traceback, 1, would be the one of `--check`.
    """
    code = 70
    try:
        code = _refusal() or _run()
    except KeyboardInterrupt:  # before there was anything to stop, or once more while stopping
        code = 70
    except Exception as error:
        if os.environ.get("TRANSFORMER_DEBUG"):
            raise
        _say(f"internal error: {type(error).__name__}: {error}")
    sys.exit(code)


def _refusal() -> int:
    """2 where there is nobody to talk to or no place to work from, and that is said; else 0."""
    closed = sys.stdout is None
    for each in range(3):  # else a file of a tree could get the number of an output, and be written to
        try:
            os.fstat(each)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    if closed:
        _say("output: standard output is closed; nothing was done\n  try: send it to a file, or to /dev/null")
        return 2
    try:
        os.getcwd()
    except OSError:
        _say("cannot run here: the working folder is not there any more; nothing was done\n  try: go to another folder")
        return 2
    return 0


def _run() -> int:
    here = os.path.realpath(os.curdir)
    package = os.path.dirname(os.path.realpath(__file__))
    home = os.path.dirname(package)
    # Started as a script, our own folder comes first, in which `types` is another module than Python's.
    kept = [each for each in sys.path if os.path.realpath(each) not in {here, package} - {home}]
    sys.path[:] = kept if home in map(os.path.realpath, kept) or __package__ else [home, *kept]

    from transformer.cli import main
    from transformer.write.signals import heed

    heed()  # Ctrl-C, `kill` and a closed terminal alike: what was begun is taken back
    return main()


def _say(text: str) -> None:
    try:  # noqa: SIM105 - nothing more is imported here
        os.write(2, text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass  # there is nobody left to be told


if __name__ == "__main__":
    main()
