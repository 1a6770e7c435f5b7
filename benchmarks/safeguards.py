"""What the lock, the second look and the reader cost: a syntax dry run with all three against one without, paired.

    python benchmarks/safeguards.py TREE [--arch NAME] [--repeat N]

Both run in one process, in turns and with the order changed each time; child processes (git) count. The dry run with
them holds the tree as one that writes does. What is printed are medians of processor time and of the ratios of the
pairs, with the quarter of the pairs below and above; then each of the three alone, as the least of many, which other
programs at work disturb less, and all of them by the fastest dry run without.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from transformer import app, cli, write  # noqa: E402
from transformer.pack import home, load  # noqa: E402
from transformer.plan import make  # noqa: E402
from transformer.tree import Opened  # noqa: E402
from transformer.workspace import DiskStore, Workspace  # noqa: E402

TIMES = 40
Opening = Callable[..., AbstractContextManager[Opened]]


class Trusting(DiskStore):
    """A store that opens whatever a path leads to, and reads all of it."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        try:
            with open(f"{self.root}/{path}", "rb") as file:
                return file.read()
        except OSError:
            return None


class Forgetful(write.Seen):
    """A store that remembers nothing, and so has nothing to look at again."""

    def __init__(self, store: DiskStore) -> None:
        self.read = store.read  # type: ignore[method-assign]
        self.list = store.list  # type: ignore[method-assign]
        self.folders = store.folders  # type: ignore[method-assign]

    def moved(self, written: object = None) -> list[str]:
        """Nothing."""
        return []


@contextmanager
def bare(repo: Path, *, writes: bool) -> Iterator[Opened]:
    """A tree that nobody guards."""
    seen = Forgetful(Trusting(repo))
    yield Opened(Workspace(seen), seen, None)


@contextmanager
def guarded(repo: Path, *, writes: bool) -> Iterator[Opened]:
    """A tree that is held, and looked at twice."""
    with write.held(repo):
        seen = write.Seen(repo, DiskStore(repo))
        yield Opened(Workspace(seen), seen, None)


def spent() -> float:
    """Seconds of processor time of this process and of those that it started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(opening: Opening, words: list[str]) -> float:
    """Seconds of processor time of one dry run and of what it started."""
    app.opened = opening  # type: ignore[assignment]
    before = spent()
    with redirect_stdout(StringIO()):
        code = cli.main(words)
    after = spent()
    if code not in (0, 3):
        raise SystemExit(f"the dry run ends with {code}")
    return after - before


def alone(tree: Path, arch: str) -> dict[str, float]:
    """Seconds of each safeguard for the files that a plan reads: what it takes beyond doing without."""
    seen = write.Seen(tree, DiskStore(tree))
    make(load(arch, home()), Workspace(seen))
    paths = list(seen._files)

    def lock() -> None:
        with write.held(tree):
            pass

    guarded_read = least(lambda: [DiskStore(tree).read(path) for path in paths])
    plain_read = least(lambda: [Trusting(tree).read(path) for path in paths])
    return {"lock": least(lock), "second look": least(seen.moved), "reader": guarded_read - plain_read}


def least(work: Callable[[], object]) -> float:
    """The least seconds of processor time that it took."""
    found = []
    for _ in range(TIMES):
        before = spent()
        work()
        found.append(spent() - before)
    return min(found)


def main() -> None:
    """Time both in turns and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--arch", default="gemma4")
    parser.add_argument("--repeat", type=int, default=30)
    options = parser.parse_args()
    words = ["run", str(options.tree), "--arch", options.arch, "--dry-run", "--verify", "syntax"]
    for each in (bare, guarded):
        timed(each, words)  # the first reads everything from the disk
    pairs = []
    for number in range(options.repeat):
        order = (bare, guarded) if number % 2 else (guarded, bare)
        found = {each.__name__: timed(each, words) for each in order}
        pairs.append((found["bare"], found["guarded"]))
    without, full = (statistics.median(side) for side in zip(*pairs, strict=True))
    low, middle, high = statistics.quantiles((after / before for before, after in pairs), n=4)
    parts = alone(options.tree, options.arch)
    share = sum(parts.values()) / min(before for before, _ in pairs)
    print(f"without {without:.3f} s, with {full:.3f} s, ratio of the pairs {middle:.3f} ({low:.3f} to {high:.3f})")
    print(f"of the fastest of both {min(after for _, after in pairs) / min(before for before, _ in pairs):.3f}")
    told = ", ".join(f"{name} {each * 1000:.1f} ms" for name, each in parts.items())
    print(f"{told}: {share:.1%} of a dry run without")


if __name__ == "__main__":
    main()
