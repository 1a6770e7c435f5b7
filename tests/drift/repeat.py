"""`python -m drift.repeat SEED [-q] [TREE ...]` (in tests/): one mutant again.

What drifted, what is wrong, and without -q the diff of the port. The trees are those of the run that printed the seed.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from drift.chosen import roots
from drift.machine import judge, mutant


def main(arguments: list[str]) -> int:
    seed, *trees = [each for each in arguments if each != "-q"]
    verdict = judge(mutant(int(seed), roots(*map(Path, trees))))
    if verdict.made is not None and "-q" not in arguments:
        for path in verdict.made.paths:
            old, new = verdict.made.bytes_before(path), verdict.made.bytes_after(path)
            if old is not None:
                lines = (old.decode().splitlines(keepends=True), new.decode().splitlines(keepends=True))
                sys.stdout.writelines(difflib.unified_diff(*lines, f"drifted/{path}", f"ported/{path}"))
    print(verdict.mutant)
    print("\n".join(verdict.complaints) or "nothing is wrong")
    return 1 if verdict.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
