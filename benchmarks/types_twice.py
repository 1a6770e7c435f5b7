"""Processor time of a typed dry run: with nothing known, once more, and against another revision of this project.

    python benchmarks/types_twice.py TREE [--against CHECKOUT] [--repeat N]

Each pair of runs starts with an empty cache folder of its own; nothing is written to TREE. The least of N counts.
CHECKOUT is a folder with another revision; its runs are made in turns with ours, so that other load meets both.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def spent(checkout: Path, tree: Path, cache: str) -> tuple[float, str]:
    """User and system seconds of one dry run and of all that it started, and what it printed."""
    words = [sys.executable, "-P", "-m", "transformer", "run", str(tree.resolve()), "--arch", "gemma4", "--dry-run"]
    env = {**os.environ, "PYTHONPATH": str(checkout.resolve()), "XDG_CACHE_HOME": cache}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, env=env, cwd=cache, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr or f"exit {done.returncode}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout


def main() -> None:
    """Measure, compare what was printed, print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("tree", type=Path)
    arguments.add_argument("--against", type=Path)
    arguments.add_argument("--repeat", type=int, default=1)
    chosen = arguments.parse_args()
    times: dict[str, list[float]] = {}
    printed: set[str] = set()
    for _ in range(chosen.repeat):
        with tempfile.TemporaryDirectory(prefix="types-") as cache:
            for name, checkout in (("other", chosen.against), ("first", ROOT), ("second", ROOT)):
                if checkout is not None:
                    seconds, text = spent(checkout, chosen.tree, cache)
                    times.setdefault(name, []).append(seconds)
                    printed.add(text)
    for name, found in times.items():
        ratio = f"  {min(found) / min(times['other']):.2f} of the other" if "other" in times else ""
        print(f"{name:8} {min(found):6.2f} s{ratio}")
    print("all runs printed the same" if len(printed) == 1 else f"{len(printed)} different outputs")


if __name__ == "__main__":
    main()
