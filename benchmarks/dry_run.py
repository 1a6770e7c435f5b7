"""A dry run with `--verify syntax`, as a whole process, against a bare script that parses the same files.

    python benchmarks/dry_run.py TREE [--repeat N]

The bare script imports tree-sitter, reads the files that the port touches and parses each of them once. Both are timed
in turns in one run, with the bytecode that Python keeps of an installed package; what is printed are medians and their
ratio.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
BARE = """
import sys
import tree_sitter_cpp
from tree_sitter import Language, Parser
parser = Parser(Language(tree_sitter_cpp.language()))
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        parser.parse(file.read())
"""


def touched(tree: Path) -> list[str]:
    """The files of the tree that the port edits."""
    with tempfile.TemporaryDirectory() as folder:
        named = ["run", str(tree), "--arch", "gemma4", "--verify", "syntax"]
        command = [sys.executable, "-m", "transformer", *named, "--out", folder]
        subprocess.run(command, check=True, cwd=HOME, stdout=subprocess.DEVNULL)
        found = [path.relative_to(folder) for path in Path(folder).rglob("*") if path.suffix in (".h", ".cpp")]
    return sorted(str(tree / path) for path in found if (tree / path).exists())


def timed(command: list[str]) -> float:
    """Seconds of wall clock of one process."""
    start = time.perf_counter()
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, cwd=HOME, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - start


def main() -> None:
    """Time both in turns and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    tree = options.tree.resolve()
    files = touched(tree)
    if not files:
        parser.error(f"{tree} is ported already: there is nothing to plan")
    bare = [sys.executable, "-c", BARE, *files]
    dry = [sys.executable, "-m", "transformer", "run", str(tree), "--arch", "gemma4", "--dry-run", "--verify", "syntax"]
    pairs = [(timed(bare), timed(dry)) for _ in range(options.repeat)]
    first, second = (statistics.median(side) for side in zip(*pairs, strict=True))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{len(files)} files; bare parse {first:.3f} s, dry run {second:.3f} s, ratio {second / first:.2f}")
    print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
