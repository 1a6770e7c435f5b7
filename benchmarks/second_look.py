"""What the second look at a tree costs: a syntax dry run with it against one without it, paired in one process.

    python benchmarks/second_look.py TREE [--repeat N]

What is printed are medians of processor time, and the median of the ratios of the pairs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from transformer import cli  # noqa: E402
from transformer.workspace import DiskStore  # noqa: E402
from transformer.write import Seen  # noqa: E402


class Forgetful(Seen):
    """A store that remembers nothing, and so has nothing to look at again."""

    def __init__(self, root: Path, store: DiskStore) -> None:
        self.read = store.read  # type: ignore[method-assign]
        self.list = store.list  # type: ignore[method-assign]

    def moved(self, written: object = None) -> list[str]:
        return []


def timed(tree: Path, store: type[Seen]) -> float:
    """Seconds of processor time of one dry run: another program at work does not count."""
    from transformer import write

    write.Seen = store  # type: ignore[misc]
    start = time.process_time()
    with redirect_stdout(StringIO()):
        cli.main(["run", str(tree), "--dry-run", "--verify", "syntax"])
    return time.process_time() - start


def main() -> None:
    """Time both in turns and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    timed(options.tree, Seen)  # the first reads everything from the disk
    pairs = [(timed(options.tree, Forgetful), timed(options.tree, Seen)) for _ in range(options.repeat)]
    bare, full = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(after / before for before, after in pairs)
    print(f"without {bare:.3f} s, with {full:.3f} s, ratio of the pairs {ratio:.3f}")


if __name__ == "__main__":
    main()
